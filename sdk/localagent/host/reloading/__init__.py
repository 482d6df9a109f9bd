"""Changed code is taken up while the host runs: a new life beside the old one, which then replaces it or is dropped."""
