"""Files over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.errors import RefusedError, SystemProblem

if TYPE_CHECKING:
    from pathlib import Path

_ATTEMPTS = 3


def download(url: str, file: Path) -> None:
    """Write what is at an address into a file; tried again where the connection fails.

    Raises:
        RefusedError: it leads from an encrypted connection to one that is not.
        SystemProblem: it cannot be had.
    """
    import httpx2
    import stamina

    def fetch() -> None:
        with file.open("wb") as target, httpx2.stream("GET", url, follow_redirects=True) as answer:
            if url.startswith("https:") and answer.url.scheme != "https":
                raise RefusedError(f"{url} leads to a connection that anybody can change")
            answer.raise_for_status()
            for piece in answer.iter_bytes():
                target.write(piece)

    try:
        stamina.retry(on=httpx2.TransportError, attempts=_ATTEMPTS)(fetch)()
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise SystemProblem(f"cannot fetch {url}: {error}", fix="check the address and the network") from error
