"""What the documentation site is made of besides its hand-written pages, and what it is held against."""
