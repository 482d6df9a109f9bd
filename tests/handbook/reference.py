"""Write the pages of the reference that are made of the program itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from handbook import command_page, error_page, manifest_page

FOLDER = Path(__file__).parents[2] / "docs" / "reference"
PAGES: dict[str, Callable[[], str]] = {
    "commands.md": command_page.page,
    "manifest.md": manifest_page.page,
    "api/errors.md": error_page.page,
}


def main() -> None:
    """Write each page anew."""
    for name, page in PAGES.items():
        (FOLDER / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
