"""What plugins are given besides their contract: settings, messages."""
