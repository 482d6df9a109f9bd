"""Records what one plugin uses, by an audit hook of Python that does nothing while nobody records."""

from __future__ import annotations

import functools
import inspect
import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

from localagent_testing.audit import environment, homes, threads
from localagent_testing.audit.owners import Line, Owner
from localagent_testing.audit.uses import READERS, Deed, Use, deeds_of, port_of

if TYPE_CHECKING:
    from pathlib import Path
    from types import FrameType

    from localagent.host.spec import PluginSpec

MOST = 10_000
"""Different uses that are kept."""

_THROUGH_HOST = frozenset({"network"})
"""What LocalAgent does for a plugin under the plugin's own name; its other services need no permission."""

_EXCUSED_BY_IMPORT = frozenset({"files", "env"})
"""What is done while a module is imported, the reading of the module's own file first of all."""

_LOOK_UPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname"})

_recording: list[Recorder] = []


class Recorder:
    """Records what one plugin uses, from `start` until `stop`.

    Args:
        spec: the plugin.

    Attributes:
        spec: the plugin.
        homes: LocalAgent's homes that it lived in meanwhile.
    """

    def __init__(self, spec: PluginSpec) -> None:
        self.spec = spec
        self.homes: set[Path] = set()
        self._owner = Owner(spec.name, spec.code_root or spec.source.root)
        self._uses: dict[Use, None] = {}
        self._names: dict[Any, str] = {}
        self._watching = ExitStack()

    @property
    def uses(self) -> tuple[Use, ...]:
        """What it used, in the order in which it first did."""
        return tuple(self._uses)

    def start(self) -> None:
        """Begin to record."""
        _install_hook()
        self._watching.callback(homes.watch(self.homes))
        self._watching.callback(environment.watch(self._see_variable))
        self._watching.callback(threads.watch(self._owner.note_thread))
        _recording.append(self)

    def stop(self) -> None:
        """End recording; what was recorded stays."""
        if self in _recording:
            _recording.remove(self)
        self._watching.close()

    def see(self, event: str, arguments: tuple[Any, ...], frame: FrameType | None) -> None:
        """Take an audit event."""
        for told in deeds_of(event, arguments):
            deed = self._named(told, event, port_of(event, arguments)) if told.kind == "network" else told
            line = self._owner.line_of(event, frame, through_host=deed.kind in _THROUGH_HOST)
            if line is not None and not (line.is_importing and _is_excused(event, deed, arguments)):
                self._keep(event, deed, line)

    def _see_variable(self, does: str, name: str, frame: FrameType | None) -> None:
        line = self._owner.line_that_reads(frame)
        if line is not None:
            self._keep("os.environ", Deed("env", does, name), line)

    def _keep(self, event: str, deed: Deed, line: Line) -> None:
        if len(self._uses) < MOST:
            self._uses[Use(*deed, event, line.file, line.number)] = None

    def _named(self, deed: Deed, event: str, port: Any) -> Deed:
        """A connection to an address by the name that was last looked up for its port.

        An event has either the name or the address, and nothing that ties the two.
        """
        if event in _LOOK_UPS:
            self._names[port] = deed.detail
            return deed
        name = self._names.get(port) or self._names.get(None)
        if name is None or event == "socket.bind" or not _is_address(deed.detail) or _is_loopback(deed.detail):
            return deed
        return deed._replace(detail=name)


def _is_excused(event: str, deed: Deed, arguments: tuple[Any, ...]) -> bool:
    # The module ctypes opens the running program as it is imported.
    return deed.kind in _EXCUSED_BY_IMPORT or (event == "ctypes.dlopen" and arguments[0] is None)


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()


def _is_loopback(host: str) -> bool:
    return host.startswith("127.") or host == "::1"


@functools.cache
def _install_hook() -> None:
    """Once a process, since Python has no way to remove a hook."""
    sys.addaudithook(_hook)


def _hook(event: str, arguments: tuple[Any, ...]) -> None:
    if _recording and event in READERS:
        here = inspect.currentframe()
        for recorder in tuple(_recording):
            recorder.see(event, arguments, here and here.f_back)
