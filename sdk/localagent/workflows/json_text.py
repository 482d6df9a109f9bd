"""Values as JSON that can be written down, whatever characters are in them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

quoted: Callable[[str], str] = json.encoder.encode_basestring
"""A text as JSON; for readers in this process, as half a character is left as it is."""


def json_text(value: Any) -> str:
    """`value` as JSON.

    Raises:
        TypeError: it is no JSON value.
        ValueError: it has a number that JSON cannot have.
        RecursionError: it contains itself, or is nested too deeply.
    """
    text = "".join(_pieces(value, 0))
    return text if text.isascii() or _is_writable(text) else _ascii(value)


def _is_writable(text: str) -> bool:
    """Whether a text is one in UTF-8 too; names of files that are none come with half characters."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _encoder() -> Callable[[Any, int], Iterable[str]]:
    """What writes a value as JSON, piece by piece.

    `json` itself makes this encoder anew for each value, which takes longer than writing a small one.
    """
    plain = json.JSONEncoder(ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":"))
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return lambda value, _: plain.iterencode(value)
    pieces: Callable[[Any, int], Iterable[str]] = make(None, plain.default, quoted, None, ":", ",", False, False, False)
    return pieces


_pieces = _encoder()
_ascii = json.JSONEncoder(allow_nan=False, separators=(",", ":")).encode


def lenient_json_text(value: Any) -> str:
    """As `json_text`, with numbers that only Python reads again; settings may have them."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if _is_writable(text) else json.dumps(value, separators=(",", ":"))
