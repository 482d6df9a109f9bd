"""Bytes of a regular file as text, or the byte at which they stop being text."""

from __future__ import annotations

import os
import re
import stat

from localagent.errors import ManifestError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from pathlib import Path

SIZE_LIMIT = 256 * 1024
# All but what YAML 1.2 section 5.1 calls printable, and the byte order mark inside of a text. Said by what it is, since
# the class of all the others takes ten times as long to compile.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ufeff\ufffe\uffff]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_WIDE_MARKS = (b"\xff\xfe", b"\xfe\xff")


def read_bytes(file: Path, *, limit: int = SIZE_LIMIT) -> bytes:
    """All bytes of a regular file; never waits for a pipe or device.

    Raises:
        ManifestError: not a regular file, larger than `limit` bytes, or not readable.
    """
    # Without O_NONBLOCK, opening a pipe waits for somebody to write into it.
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        descriptor = os.open(file, flags)
        with open(descriptor, "rb", buffering=0) as stream:  # noqa: PTH123 - pathlib cannot open a descriptor
            return _read_regular(stream.fileno(), file, limit)
    except IsADirectoryError:
        raise _not_regular(file) from None
    except OSError as error:
        raise _refusal(f"cannot be read: {error.strerror}", file, fix="make it a readable file") from error


def _read_regular(descriptor: int, file: Path, limit: int) -> bytes:
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        raise _not_regular(file)
    data = bytearray()
    while len(data) <= limit and (chunk := os.read(descriptor, limit + 1 - len(data))):
        data += chunk
    _check_size(data, file, limit)
    return bytes(data)


def _check_size(data: bytes | bytearray, file: Path, limit: int) -> None:
    if len(data) > limit:
        raise _refusal(
            f"larger than the limit of {limit // 1024} kB", file, fix="keep only what has to be in this file"
        )


def decode(data: bytes, file: Path) -> str:
    """`data` as the text it is in UTF-8, without a leading byte order mark.

    Raises:
        ManifestError: too large, not UTF-8, or with a character that YAML cannot hold; names the byte offset.
    """
    _check_size(data, file, SIZE_LIMIT)
    if data.startswith(_WIDE_MARKS):
        raise _refusal("not UTF-8 at byte 0: it looks like UTF-16", file, fix="save the file as UTF-8")
    body = data.removeprefix(_BYTE_ORDER_MARK)
    skipped = len(data) - len(body)
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        before = body[: error.start].decode("utf-8")
        problem = f"not UTF-8 at byte {skipped + error.start}"
        raise _refusal(problem, file, before, fix="save the file as UTF-8") from error
    if found := _UNPRINTABLE.search(text):
        before = text[: found.start()]
        problem = f"unprintable character U+{ord(found[0]):04X} at byte {skipped + len(before.encode())}"
        raise _refusal(problem, file, before, fix='remove the character, or write it as "\\u...." in double quotes')
    return text


def _not_regular(file: Path) -> ManifestError:
    return _refusal("not a regular file", file, fix="put a regular file in its place")


def _refusal(problem: str, file: Path, before: str = "", *, fix: str) -> ManifestError:
    """The error, placed behind the text `before`."""
    line = before.count("\n") + 1
    column = len(before) - (before.rfind("\n") + 1) + 1
    return ManifestError(problem, file=file, line=line, column=column, fix=fix)
