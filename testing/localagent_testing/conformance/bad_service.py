"""A service on this machine that answers badly, for a provider that can be told where its service is."""

from __future__ import annotations

import contextlib
import socketserver
import threading
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from localagent.manifest.plain import is_mapping, table_at

if TYPE_CHECKING:
    from collections.abc import Generator, Mapping
    from typing import Any

STAND_IN = "127.0.0.1"
"""Where it is."""

_SCHEMES = ("http://", "https://")
_USUAL = ("base_url", "api_endpoint", "endpoint", "url")
"""Names that settings with an address usually have."""
_LONGEST_HEAD = 65536


def answer(body: bytes, *, status: str = "200 OK", kind: str = "application/json", length: int | None = None) -> bytes:
    """An answer as it goes over the wire, where `length` is what it says of its body."""
    told = len(body) if length is None else length
    head = f"HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {told}\r\nconnection: close\r\n\r\n"
    return head.encode() + body


def pieces(*told: bytes) -> bytes:
    """The beginning of an answer in pieces, which breaks off after them."""
    head = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in told)


@contextlib.contextmanager
def answering(reply: bytes) -> Generator[str]:
    """The host and port of a server that answers every request alike, in threads of its own."""

    class Connection(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            with contextlib.suppress(OSError, ValueError):
                length = 0
                while (line := self.rfile.readline(_LONGEST_HEAD)).strip():
                    name, _, value = line.partition(b":")
                    length = int(value) if name.strip().lower() == b"content-length" else length
                self.rfile.read(length)
                self.wfile.write(reply)

    with socketserver.ThreadingTCPServer((STAND_IN, 0), Connection) as server:
        server.daemon_threads = True
        with serving(server) as place:
            yield place


@contextlib.contextmanager
def serving(server: socketserver.TCPServer) -> Generator[str]:
    """The host and port of a server, which serves in a thread of its own as long as this is entered."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"{STAND_IN}:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()


def address_in(settings: Mapping[str, Any], schema: Mapping[str, Any]) -> tuple[str, str] | None:
    """The setting that says where the service is, with the address that it has; None where there is none.

    Args:
        settings: what the provider is tried with.
        schema: of its settings.
    """
    properties = table_at(schema, "properties")
    defaults = {key: part.get("default") for key, part in properties.items() if is_mapping(part)}
    told = {**defaults, **settings}
    found = [key for key, value in told.items() if isinstance(value, str) and value.startswith(_SCHEMES)]
    for key in sorted(found, key=lambda key: _USUAL.index(key) if key in _USUAL else len(_USUAL)):
        return key, str(told[key])
    named = next((key for key in _USUAL if key in properties), None)
    return None if named is None else (named, f"http://{STAND_IN}")


def moved(address: str, place: str) -> str:
    """An address with another host and port, without TLS."""
    return urlsplit(address)._replace(scheme="http", netloc=place).geturl()
