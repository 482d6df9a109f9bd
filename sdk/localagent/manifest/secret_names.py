"""Which settings and variables hold a secret, as their names tell."""

from __future__ import annotations

import re

# A pattern is compiled, and kept by the library, when first used: most runs look at nothing.
_TELLING = (
    r"(?i)(?:^|[_-])(?:api[_-]?key|access[_-]?key|private[_-]?key|token|secret|"
    r"password|passwd|passphrase|credentials?)$"
)


def is_secret_name(name: str) -> bool:
    """Whether a setting or variable of this name holds a secret: ``api_key``, ``GITHUB_TOKEN``, ``password``."""
    return re.search(_TELLING, name) is not None
