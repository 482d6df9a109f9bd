"""Follow every link of a built site: to pages, to places on them, to files; and find what loads from elsewhere."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

_LOADED = {"script": "src", "img": "src", "source": "src", "video": "src", "iframe": "src", "object": "data"}
"""Elements that load what they name, by the attribute that names it."""
_LOADING_RELATIONS = frozenset({"stylesheet", "icon", "preload", "modulepreload", "preconnect", "manifest"})
"""Relations of ``<link>`` for which a browser goes there by itself."""
_STYLE_ADDRESS = re.compile(r"""(?:@import\s+(?:url\()?|url\()\s*["']?([^"')]+)""")


@dataclass
class Page:
    """What one file of the site names."""

    anchors: set[str] = field(default_factory=set)
    links: list[str] = field(default_factory=list)
    loaded: list[str] = field(default_factory=list)


def problems(site: Path) -> list[str]:
    """One line for each dead link, and for what a page loads from elsewhere."""
    pages = {file: read_page(file) for file in sorted(site.rglob("*.html"))}
    styles = {file: Page(loaded=_addresses_of_style(file)) for file in sorted(site.rglob("*.css"))}
    return [
        f"{file.relative_to(site)}: {problem}"
        for file, page in (pages | styles).items()
        for problem in _problems_of(file, page, pages, site)
    ]


def read_page(file: Path) -> Page:
    """What an HTML file names."""
    reader = _Reader()
    reader.feed(file.read_text(encoding="utf-8"))
    return reader.page


def _problems_of(file: Path, page: Page, pages: dict[Path, Page], site: Path) -> Iterator[str]:
    for address in dict.fromkeys(page.loaded):
        if urlsplit(address).netloc:
            yield f"loads {address}"
    for address in dict.fromkeys([*page.links, *page.loaded]):
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = _target(file, unquote(parts.path), site)
        if not target.is_file():
            yield f"{address}: there is no such page"
        elif parts.fragment and target in pages and not _has_place(pages[target], unquote(parts.fragment)):
            yield f"{address}: the page has no such place"


def _target(file: Path, path: str, site: Path) -> Path:
    """The file of the site that `path` means on the page `file`."""
    if not path:
        return file
    named = site / path.lstrip("/") if path.startswith("/") else file.parent / path
    named = named.resolve()
    return named / "index.html" if named.is_dir() else named


def _has_place(page: Page, fragment: str) -> bool:
    # What begins so belongs to the theme's own switches; an empty anchor is the top.
    return fragment in page.anchors or fragment.startswith("__")


def _addresses_of_style(file: Path) -> list[str]:
    found = _STYLE_ADDRESS.findall(file.read_text(encoding="utf-8"))
    return [address for address in found if not address.startswith(("data:", "#"))]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.page = Page()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value for name, value in attrs if value is not None}
        self.page.anchors.update(given[name] for name in ("id", "name") if name in given)
        if tag == "a" and "href" in given:
            self.page.links.append(given["href"])
        elif tag == "link" and "href" in given:
            loads = _LOADING_RELATIONS.intersection(given.get("rel", "").split())
            (self.page.loaded if loads else self.page.links).append(given["href"])
        elif _LOADED.get(tag, "") in given and not given[_LOADED[tag]].startswith("data:"):
            self.page.loaded.append(given[_LOADED[tag]])


def main(words: Sequence[str]) -> int:
    """Print what is wrong with the site in the folder that is named; 1 if anything is."""
    site = Path(words[0]).resolve()
    found = problems(site)
    for line in found:
        sys.stdout.write(f"{line}\n")
    pages = len(list(site.rglob("*.html")))
    sys.stdout.write(f"{pages} pages, {len(found)} problems with their links\n")
    return 1 if found or not pages else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
