"""Free text that is hard to write into files, for hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from localagent_cli.scaffold.words import is_unfit

SYNTAX = ['"', "'", "\\", '"""', "'''", "\n", "\r\n", "\t", "{{ name }}", "{% raw %}", "{#", "#", ": ", "- ", "\\x41"]
SCRIPTS = ["\u200b", "\u200f", "\U0001f389", "\U0001f468\u200d\U0001f4bb", "e\u0301", "\xa0", "\xad", "\u3000"]
NASTY = st.sampled_from(SYNTAX + SCRIPTS)
TEXTS = st.lists(NASTY | st.characters(codec="utf-8").filter(lambda each: not is_unfit(each)), max_size=60).map("".join)
"""At most 600 characters, blank ones among them."""
