"""The code blocks of the development guide, for tests that use them as they stand; PLUGIN_GUIDE names its file."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

GUIDE = Path(os.environ.get("PLUGIN_GUIDE", "no-guide"))


def block_with(text: str) -> str:
    """The one block of Python that holds a text; skips the test where the guide is not given."""
    if not GUIDE.is_file():
        pytest.skip("PLUGIN_GUIDE names no file")
    blocks: list[str] = re.findall(r"^```python\n(.*?)^```", GUIDE.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    (block,) = (block for block in blocks if text in block)
    return block
