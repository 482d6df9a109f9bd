"""The LocalAgent plugin project-analyzer."""
