"""A package index of one's own on loopback, for as long as it takes to rehearse a release."""

from __future__ import annotations

import contextlib
import http.client
import importlib.util
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

from localagent.errors import MissingExtra, SystemProblem

if TYPE_CHECKING:
    from collections.abc import Generator
    from pathlib import Path

_HOST = "127.0.0.1"
_SERVER = "localagent_cli.packaging.publishing.tied_server"
_PATIENCE = 30.0
"""Seconds that the server has to come up."""
_PAUSE = 0.05
_OK = 200


@contextlib.contextmanager
def loopback_index(folder: Path) -> Generator[str]:
    """An empty index that keeps its files in `folder` and takes uploads from anybody on this machine; its address.

    Raises:
        MissingExtra: pypiserver is not installed.
        SystemProblem: it does not come up.
    """
    if importlib.util.find_spec("pypiserver") is None:
        raise MissingExtra("dev", needed_for="rehearsing a release")
    files, log = folder / "files", folder / "log"
    files.mkdir(parents=True)
    port = _free_port()
    command = [sys.executable, "-P", "-m", _SERVER, "run", "--interface", _HOST, "--port", str(port)]
    with (
        log.open("wb") as output,
        # The server ends with its input, which this process holds open: also when this one is killed.
        subprocess.Popen(
            [*command, "--authenticate", ".", "--passwords", ".", "--disable-fallback", str(files)],
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as server,
    ):
        try:
            _wait_until_up(server, port, log)
            yield f"http://{_HOST}:{port}/"
        finally:
            server.kill()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def _wait_until_up(server: subprocess.Popen[bytes], port: int, log: Path) -> None:
    end = time.monotonic() + _PATIENCE
    while server.poll() is None and time.monotonic() < end:
        if _answers(port):
            return
        time.sleep(_PAUSE)
    words = log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-3:]
    raise SystemProblem("\n".join(["the index for the rehearsal did not come up", *words]))


def _answers(port: int) -> bool:
    connection = http.client.HTTPConnection(_HOST, port, timeout=_PATIENCE)
    try:
        connection.request("GET", "/health")
        return connection.getresponse().status == _OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
