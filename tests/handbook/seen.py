"""Open a built site in a browser, wide and narrow, and ask its search what people ask."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from handbook.browser import NAMES, Page, PageFailed, chromium, opened
from handbook.search import QUESTIONS, Search
from handbook.served import served

WIDTHS = {"wide": (1280, 900, False), "narrow": (390, 844, True)}
"""Width and height in pixels, and whether it is a telephone."""
_PICTURES = "[...document.images].filter(i => !(i.complete && i.naturalWidth)).map(i => i.getAttribute('src'))"
_ASIDE = "document.documentElement.scrollWidth - innerWidth"


def pages_of(site: Path) -> list[str]:
    """The pages to open: all of them but those of single rules, of which one stands for the others."""
    found = sorted(str(file.relative_to(site)) for file in site.rglob("*.html"))
    rules = [name for name in found if name.startswith("rules/LA")]
    return [name for name in found if name not in rules[1:]]


def problems_of(page: Page, address: str, name: str) -> Iterator[str]:
    """What is wrong with one page: what it fetches from elsewhere, pictures that are not there, what sticks out.

    Args:
        page: a page of the browser.
        address: of the site, with a slash at its end.
        name: of the page in the site.
    """
    page.fetched.clear()
    page.visit(address + name)
    for picture in page.evaluate(_PICTURES):
        yield f"the picture {picture} is not shown"
    if (aside := page.evaluate(_ASIDE)) > 0:
        yield f"it is {aside} pixels wider than the screen"
    for fetched in page.fetched:
        if urlsplit(fetched).scheme != "data" and not fetched.startswith(address):
            yield f"it fetches {fetched}"


def look(page: Page, address: str, names: Sequence[str], drawings: Path | None) -> Iterator[str]:
    """What is wrong with these pages; with a folder, a picture of each is drawn there."""
    for kind, (width, height, is_telephone) in WIDTHS.items():
        page.resize(width, height, mobile=is_telephone)
        for name in names:
            yield from (f"{name}, {kind}: {problem}" for problem in problems_of(page, address, name))
            if drawings is not None:
                page.draw(drawings / f"{name.removesuffix('.html').replace('/', '-')}-{kind}.png")


def ask(page: Page, address: str) -> Iterator[str]:
    """Which questions are not answered by the page that has the answer."""
    page.resize(*WIDTHS["wide"][:2])
    search = Search(page, address)
    for question, wanted in QUESTIONS.items():
        found = search.ask(question)
        if not set(wanted.split()).intersection(found[:3]):
            yield f"'{question}' finds {', '.join(found) or 'nothing'}, but not {wanted}"


def main(words: Sequence[str] | None = None) -> int:
    """Print what is wrong; 1 if anything is, and 0 where there is no browser."""
    options = _options(words)
    program = chromium()
    if program is None:
        sys.stdout.write(f"skipped: nobody looked at the pages, as there is no {' or '.join(NAMES)}\n")
        return 0
    if options.draw is not None:
        options.draw.mkdir(parents=True, exist_ok=True)
    site = options.site.resolve()
    names = pages_of(site)
    with served(site) as address, opened(program) as page:
        found = [*look(page, address, names, options.draw), *ask(page, address)]
    for line in found:
        sys.stdout.write(f"{line}\n")
    sys.stdout.write(f"{len(names)} pages seen, {len(QUESTIONS)} questions asked, {len(found)} problems\n")
    return 1 if found else 0


def _options(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m handbook.seen", description=__doc__)
    parser.add_argument("site", type=Path, help="the folder of the built site")
    parser.add_argument("--draw", type=Path, help="a folder for a picture of each page")
    return parser.parse_args(words)


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except PageFailed as problem:
        raise SystemExit(f"error: {problem}") from None
