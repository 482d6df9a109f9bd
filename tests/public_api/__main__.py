"""Compare the public API with that of the last release; 1 if something broke that the changelog does not name."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from public_api.breaks import breaks
from public_api.releases import declared, last_release, unpack


def main(repository: Path) -> int:
    """Print each break and whether it is declared."""
    tag = last_release(repository)
    if tag is None:
        sys.stdout.write("no release has a tag yet: there is nothing to compare with\n")
        return 0
    names = declared((repository / "CHANGELOG.md").read_text(encoding="utf-8"))
    with tempfile.TemporaryDirectory(prefix="localagent-api-") as folder:
        unpack(repository, tag, Path(folder))
        found = breaks(Path(folder), repository)
    for broken in found:
        sys.stdout.write(f"{'declared' if broken.name in names else 'BREAKS'}: {broken.name}: {broken.what}\n")
    undeclared = {broken.name for broken in found} - names
    sys.stdout.write(f"compared with {tag}: {len(found)} breaks, {len(undeclared)} names not declared\n")
    if undeclared:
        sys.stdout.write("fix: keep the name, or name it in backticks below '### Breaking' in CHANGELOG.md\n")
    return 1 if undeclared else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
