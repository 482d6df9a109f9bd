"""Providers of completions: who offers them."""
