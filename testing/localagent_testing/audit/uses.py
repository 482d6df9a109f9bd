"""What Python's audit events say of the use of files, network, processes, environment and native libraries."""

from __future__ import annotations

import importlib.machinery
import os
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeGuard

KINDS = ("network", "files", "process", "env", "native")
"""The sorts of use, by the keys of a manifest's ``permissions``."""

EVERYTHING = "*"
"""The detail of a use of the whole environment."""

PYTHON = "python"
"""The program that a process is which was forked and not given another program."""

READS, WRITES = "reads", "writes"
_WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
_NO_FOLDER = (-1, None)
_SHELL_WORDS = 3
_SHELLS = frozenset({"sh", "bash", "dash", "zsh"})


class Deed(NamedTuple):
    """What an event tells of.

    Attributes:
        kind: one of `KINDS`.
        does: the verb, such as ``reads``.
        detail: a host, a path, a program, a variable or a library.
    """

    kind: str
    does: str
    detail: str


@dataclass(frozen=True, slots=True)
class Use:
    """One use that a line of the plugin led to.

    Attributes:
        kind: ``network``, ``files``, ``process``, ``env`` or ``native``.
        does: what was done, as a verb such as ``connects to``.
        detail: a host, an absolute path, a program, a variable, or a library.
        event: Python's name of the audit event.
        file: the plugin's file; empty where only the task or thread is known to be the plugin's.
        line: counted from 1; 0 where there is none.
    """

    kind: str
    does: str
    detail: str
    event: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        return f"{self.does} {self.detail} ({self.event})"


def deeds_of(event: str, arguments: tuple[Any, ...]) -> tuple[Deed, ...]:
    """What an event tells of; nothing where that needs no permission, or the event tells too little."""
    readers = filter(None, (READERS[event], _READERS_OF_TARGETS.get(event)))
    try:
        return tuple(filter(None, (read(*arguments) for read in readers)))
    except (TypeError, ValueError, OSError):  # a hook that raises would change what the plugin does
        return ()


def port_of(event: str, arguments: tuple[Any, ...]) -> Any:
    """The port, or the name of the service, that an event of the network tells; None where it tells none."""
    place: Any = arguments[1] if len(arguments) > 1 else None
    if event == "socket.getaddrinfo":
        return place
    return place[1] if _is_tuple(place) and len(place) > 1 else None


def _path(path: Any) -> str | None:
    """An absolute path; None for an open descriptor."""
    return None if isinstance(path, int) else _absolute("." if path is None else path)


def _absolute(path: Any) -> str:
    return os.path.abspath(os.fsdecode(path))  # noqa: PTH100 - resolve() would follow links


def _file(does: str, path: Any, folder: Any = None) -> Deed | None:
    found = _path(path) if folder in _NO_FOLDER else None
    return None if found is None else Deed("files", does, found)


def _opened(path: Any, _mode: Any, flags: int, *_: Any) -> Deed | None:
    return _file(WRITES if flags & _WRITING else READS, path)


def _in_folder(does: str, position: int = 1) -> Callable[..., Deed | None]:
    """A reader of an event whose first argument is a path, relative to the folder that another one is."""

    def read(path: Any, *others: Any) -> Deed | None:
        return _file(does, path, others[position - 1] if len(others) >= position else None)

    return read


def _second(position: int) -> Callable[..., Deed | None]:
    """A reader of an event whose second argument is a path that comes to be; as `_in_folder`."""

    def read(_: Any, *others: Any) -> Deed | None:
        return _in_folder(WRITES, position - 1)(*others)

    return read


def _is_tuple(value: Any) -> TypeGuard[tuple[Any, ...]]:
    return isinstance(value, tuple)


def _database(name: Any, *_: Any) -> Deed | None:
    in_memory = not name or name == ":memory:"
    return None if in_memory else _file(WRITES, name)


def _socket(does: str) -> Callable[..., Deed | None]:
    def read(_: Any, address: Any, *__: Any) -> Deed | None:
        named = address[0] if _is_tuple(address) else address
        return None if named is None else Deed("network", does, _host(named))

    return read


def _resolved(host: Any, *_: Any) -> Deed | None:
    named = host[0] if _is_tuple(host) else host
    return None if named is None else Deed("network", "looks up", _host(named))


def _host(host: Any) -> str:
    text = os.fsdecode(host) if isinstance(host, str | bytes) else str(host)
    return text.lower() or "0.0.0.0"  # noqa: S104 - the address that an empty one means


def _started(program: Any, words: Any = (), *_: Any) -> Deed:
    named = [os.fsdecode(word) for word in ([words] if isinstance(words, str | bytes) else words)]
    if len(named) >= _SHELL_WORDS and named[1] == "-c" and Path(named[0]).name in _SHELLS:
        return _by_shell(named[2])
    return Deed("process", "starts", Path(os.fsdecode(program)).name)


def _spawned(_mode: Any, program: Any, words: Any = (), *_: Any) -> Deed:
    return _started(program, words)


def _by_shell(command: Any) -> Deed:
    text = os.fsdecode(command)
    try:
        first = next(iter(shlex.split(text)), text)
    except ValueError:  # the shell will refuse it, too
        first = text
    return Deed("process", "starts", Path(first).name)


def _forked() -> Deed:
    return Deed("process", "forks", PYTHON)


def _pty(words: Any, *_: Any) -> Deed:
    return _started(words if isinstance(words, str) else words[0])


def _variable(name: Any, *_: Any) -> Deed:
    return Deed("env", "sets", os.fsdecode(name))


def _library(name: Any, *_: Any) -> Deed:
    return Deed("native", "loads", "the running program" if name is None else os.fsdecode(name))


def _imported(_: Any, file: Any, *__: Any) -> Deed | None:
    path = "" if file is None else os.fsdecode(file)
    is_native = path.endswith(tuple(importlib.machinery.EXTENSION_SUFFIXES))
    return Deed("native", "loads", path) if is_native else None


READERS: dict[str, Callable[..., Deed | None]] = {
    "open": _opened,
    "os.listdir": _in_folder(READS),
    "os.scandir": _in_folder(READS),
    "os.remove": _in_folder(WRITES),
    "os.rmdir": _in_folder(WRITES),
    "os.mkdir": _in_folder(WRITES, 2),
    "os.chmod": _in_folder(WRITES, 2),
    "os.chown": _in_folder(WRITES, 3),
    "os.utime": _in_folder(WRITES, 3),
    "os.truncate": _in_folder(WRITES),
    "os.rename": _in_folder(WRITES, 2),
    "os.link": _second(3),
    "os.symlink": _second(2),
    "shutil.rmtree": _in_folder(WRITES),
    "sqlite3.connect": _database,
    "socket.connect": _socket("connects to"),
    "socket.bind": _socket("listens at"),
    "socket.sendto": _socket("sends to"),
    "socket.sendmsg": _socket("sends to"),
    "socket.getaddrinfo": _resolved,
    "socket.gethostbyname": _resolved,
    "socket.gethostbyaddr": _resolved,
    "socket.getnameinfo": _resolved,
    "subprocess.Popen": _started,
    "os.posix_spawn": _started,
    "os.exec": _started,
    "os.spawn": _spawned,
    "os.system": _by_shell,
    "os.startfile": _started,
    "os.fork": _forked,
    "os.forkpty": _forked,
    "pty.spawn": _pty,
    "os.putenv": _variable,
    "os.unsetenv": _variable,
    "ctypes.dlopen": _library,
    "import": _imported,
}
"""How each event is read. An event that names no file, such as one about an open descriptor, is no use of its own."""

_READERS_OF_TARGETS: dict[str, Callable[..., Deed | None]] = {"os.rename": _second(3)}
"""Events that tell of two deeds."""
