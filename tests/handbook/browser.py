"""A page in Chromium, driven over two pipes in Chromium's own protocol."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import signal
import tempfile
from base64 import b64decode
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

NAMES = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = (
    "--remote-debugging-pipe",
    "--headless=new",
    "--no-sandbox",  # which needs what containers do not give
    "--disable-gpu",
    "--hide-scrollbars",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
)


class PageFailed(Exception):
    """A page raised, or the browser refused what it was told."""


def chromium() -> str | None:
    """Where Chromium is, if it is installed."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Page:
    """One page.

    Attributes:
        fetched: the addresses that the browser asked for since the page was opened, in their order.
    """

    def __init__(self, said: int, heard: int) -> None:
        self.fetched: list[str] = []
        self._said = os.fdopen(said, "wb", buffering=0)
        self._heard = os.fdopen(heard, "rb")
        self._number = 0
        self._session: str | None = None
        self._unread = b""
        target = self._call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Network"):
            self._call(f"{domain}.enable")

    def resize(self, width: int, height: int, *, mobile: bool = False) -> None:
        """Give the page so many pixels."""
        self._call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=mobile)

    def visit(self, address: str) -> None:
        """Open an address and wait until all of it is there."""
        self._call("Page.navigate", url=address)
        while self._hear().get("method") != "Page.loadEventFired":
            pass

    def evaluate(self, expression: str) -> Any:
        """What a JavaScript expression is on the page; a promise is waited for.

        Raises:
            PageFailed: it raised.
        """
        told = self._call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in told:
            raise PageFailed(told["exceptionDetails"]["exception"]["description"])
        return told["result"].get("value")

    def draw(self, file: Path) -> None:
        """Write what is seen of the page to a file, as PNG."""
        file.write_bytes(b64decode(self._call("Page.captureScreenshot", format="png")["data"]))

    def close(self) -> None:
        """End the browser."""
        self._session = None
        self._call("Browser.close")
        self._said.close()
        self._heard.close()

    def _call(self, method: str, **parameters: Any) -> dict[str, Any]:
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": parameters}
        if self._session is not None:
            message["sessionId"] = self._session
        self._said.write(json.dumps(message).encode() + b"\0")
        while (heard := self._hear()).get("id") != self._number:
            pass
        if "error" in heard:
            raise PageFailed(f"{method}: {heard['error']['message']}")
        result: dict[str, Any] = heard["result"]
        return result

    def _hear(self) -> dict[str, Any]:
        """The next message of the browser."""
        while b"\0" not in self._unread:
            part = os.read(self._heard.fileno(), 1 << 16)
            if not part:
                raise PageFailed("the browser ended")
            self._unread += part
        text, _, self._unread = self._unread.partition(b"\0")
        message: dict[str, Any] = json.loads(text)
        if message.get("method") == "Network.requestWillBeSent":
            self.fetched.append(message["params"]["request"]["url"])
        return message


@contextmanager
def opened(program: str) -> Iterator[Page]:
    """A page in a browser that keeps nothing and ends with it."""
    its_ears, said = os.pipe()
    heard, its_mouth = os.pipe()
    with tempfile.TemporaryDirectory(prefix="la-", ignore_cleanup_errors=True) as profile:
        number = _started([program, *_OPTIONS, f"--user-data-dir={profile}"], its_ears, its_mouth)
        os.close(its_ears)
        os.close(its_mouth)
        try:
            page = Page(said, heard)
            yield page
            page.close()
        finally:
            os.kill(number, signal.SIGTERM)
            os.waitpid(number, 0)


def _started(command: Sequence[str], ears: int, mouth: int) -> int:
    """The number of a process that reads its orders from descriptor 3 and answers on 4, as Chromium does."""
    above = [fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in (ears, mouth)]
    try:
        plumbing = [
            (os.POSIX_SPAWN_DUP2, above[0], 3),
            (os.POSIX_SPAWN_DUP2, above[1], 4),
            (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
        ]
        return os.posix_spawn(command[0], list(command), os.environ, file_actions=plumbing)
    finally:
        for end in above:
            os.close(end)
