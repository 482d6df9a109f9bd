"""What a plugin leaves beside Python's own objects: child processes, open files, temporary files."""

from __future__ import annotations

import contextlib
import gc
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Generator

    import psutil

_ENDED_WITHIN = 3.0
"""Seconds that processes which were left have to end when they are killed."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """What this process holds.

    Attributes:
        children: its child processes.
        files: open files and connections, described.
    """

    children: frozenset[psutil.Process]
    files: frozenset[str]

    @classmethod
    def now(cls) -> Holdings:
        """What it holds at this moment; files that nobody refers to any more are closed first."""
        import psutil

        gc.collect()
        process = psutil.Process()
        files = {f"the file {file.path} (descriptor {file.fd})" for file in process.open_files()}
        connections = {
            f"a {'listening' if each.status == psutil.CONN_LISTEN else 'connected'} socket at port {each.laddr.port}"
            for each in process.net_connections("inet")
            if tuple(each.laddr)  # a socket that was never bound has none
        }
        return cls(frozenset(process.children(recursive=True)), frozenset(files | connections))


def left_children(before: Holdings, after: Holdings) -> tuple[str, ...]:
    """The child processes that are new, by name; they are killed, since nobody else would end them."""
    import psutil

    left = after.children - before.children
    told: list[str] = []
    for child in left:
        with contextlib.suppress(psutil.NoSuchProcess):
            told.append(f"the process {child.name()!r}")
            child.kill()
    psutil.wait_procs(left, timeout=_ENDED_WITHIN)
    return tuple(sorted(told))


@contextlib.contextmanager
def own_temporary_folder() -> Generator[Path]:
    """Let temporary files be made in a folder that nobody else uses, and which goes in the end."""
    with tempfile.TemporaryDirectory(prefix="localagent-temporary-", ignore_cleanup_errors=True) as folder:
        kept, variable = tempfile.tempdir, os.environ.get("TMPDIR")
        tempfile.tempdir = os.environ["TMPDIR"] = folder
        try:
            yield Path(folder)
        finally:
            tempfile.tempdir = kept
            os.environ.pop("TMPDIR")
            os.environ.update({} if variable is None else {"TMPDIR": variable})
