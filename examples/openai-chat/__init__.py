"""The LocalAgent plugin openai-chat."""
