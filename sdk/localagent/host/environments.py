"""Where installed plugins live: generations of one folder, and the pointer that names the one in use.

``HOME/environments/HOST/3/`` is a generation: a folder for the end of ``sys.path`` that is never changed once its
``.complete`` marker is there. ``HOME/environments/HOST/current`` holds the number of the generation in use. HOST names
the Python that runs the host, so several hosts can share a home. Making, switching and sweeping happen under one lock;
reading needs none.
"""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

from localagent.errors import SystemProblem

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Generator
    from collections.abc import Set as AbstractSet

COMPLETE = ".complete"
"""The marker file that a generation gets last."""

JOURNAL = ".change"
"""The file that holds the change of the lock file while the pointer is being switched."""

LOCK_PATIENCE = 5.0
"""Seconds to wait for another process that changes the environments of this host."""

_WORK = ".work-"
_GONE = ".gone-"
_held: dict[Path, int] = {}
"""Descriptors of the markers of generations that this process imports from."""


def host_folder(home: Path) -> Path:
    """The folder of this host's generations, named after its Python's version and prefix; it may not exist."""
    import zlib

    prefix = zlib.crc32(os.fsencode(os.path.realpath(sys.prefix)))
    flags = getattr(sys, "abiflags", "")
    return home / "environments" / f"{sys.implementation.cache_tag}{flags}-{prefix:08x}"


def pointer_file(home: Path) -> Path:
    """The file whose text is the number of the generation in use."""
    return host_folder(home) / "current"


def current_environment(home: Path) -> Path | None:
    """The generation in use; None where nothing is installed or the pointer is of no use."""
    return read_pointer(home)[0]


def read_pointer(home: Path) -> tuple[Path | None, str]:
    """The generation in use, and in one sentence why there is none although a pointer exists (else empty)."""
    pointer = pointer_file(home)
    try:
        text = pointer.read_text(encoding="ascii").strip()
    except (FileNotFoundError, NotADirectoryError):
        return None, ""
    except OSError as error:
        return None, f"{pointer} cannot be read: {error.strerror}"
    except UnicodeDecodeError:
        return None, f"{pointer} does not hold a number"
    if not text.isdecimal():
        return None, f"{pointer} does not hold a number"
    generation = pointer.with_name(str(int(text)))
    if not is_complete(generation):
        return None, f"{pointer} names {generation}, which is missing or half-made"
    return generation, ""


def is_complete(generation: Path) -> bool:
    """Whether the making of `generation` was finished."""
    return (generation / COMPLETE).exists()


def generations(home: Path) -> list[Path]:
    """The complete generations of this host, oldest first."""
    return [folder for folder in _numbered(host_folder(home)) if is_complete(folder)]


def activate(environment: Path) -> None:
    """Make the distributions in `environment` importable, after everything the host has itself.

    Takes the place of another generation of the same host; what was imported from that one goes on working.
    """
    others = [entry for entry in sys.path if entry and _is_sibling(Path(entry), environment)]
    for entry in others:
        sys.path.remove(entry)
    if str(environment) not in sys.path:
        sys.path.append(str(environment))
        _use(environment)


def enter(home: Path) -> None:
    """Make what is installed importable; first finish or undo what a killed process left, where there is such.

    Looks at names only where all is well, so it is fit for every start.
    """
    if any(name == JOURNAL or _is_leftover(host_folder(home), name) for name in _names(host_folder(home))):
        from localagent.host import changes
        from localagent.services.home import Home

        changes.recover(Home(home))
    environment = current_environment(home)
    if environment is not None:
        activate(environment)


def discard_others(home: Path, keep: AbstractSet[Path]) -> None:
    """Remove all complete generations but `keep`; the caller holds the lock.

    What a running process imports from is marked, and goes when a later start finds it unused.
    """
    for generation in generations(home):
        if generation not in keep and not _discard_unused(generation):
            generation.with_name(f"{_GONE}{generation.name}").touch()


def next_generation(home: Path) -> Path:
    """A new, empty, half-made generation; the caller holds the lock, fills it, calls `complete` and `switch`.

    Raises:
        SystemProblem: the folder cannot be made.
    """
    folder = host_folder(home)
    with _writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        # A number that is to go is not given again: its successor would go in its place.
        taken = [int(number) for name in _names(folder) if (number := name.removeprefix(_GONE)).isdecimal()]
        generation = folder / str(max(taken, default=0) + 1)
        generation.mkdir()
    return generation


def complete(generation: Path, text: str = "") -> None:
    """Mark `generation` as whole; it is not changed from now on.

    Args:
        generation: half-made so far.
        text: what the marker says.

    Raises:
        SystemProblem: the marker cannot be written.
    """
    with _writing(generation):
        # Named so only when the text is whole: the name is what counts.
        beside = generation / f"{COMPLETE}.new"
        with beside.open("w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(generation / COMPLETE)


def switch(home: Path, generation: Path) -> None:
    """Make `generation` the one in use, in one step that is either done or not; the caller holds the lock.

    Raises:
        SystemProblem: the pointer cannot be written.
        ValueError: `generation` is not a complete generation of this host.
    """
    if generation.parent != host_folder(home) or not generation.name.isdecimal() or not is_complete(generation):
        raise ValueError(f"{generation} is not a complete generation of {host_folder(home)}")
    from localagent.services.files import write_text

    write_text(pointer_file(home), f"{generation.name}\n")


@contextlib.contextmanager
def exclusively(home: Path) -> Generator[None]:
    """Keep every other process from changing this host's environments; sweeps first.

    Raises:
        SystemProblem: another process held the lock for longer than `LOCK_PATIENCE` seconds, or no lock can be made.
    """
    folder = host_folder(home)
    with _holding(folder, patience=LOCK_PATIENCE) as held:
        if not held:
            raise SystemProblem(
                f"process {_holder(folder)} has been changing the plugin environments for {LOCK_PATIENCE:.0f} seconds",
                file=folder,
                fix="wait for it to end, then run the command again",
            )
        _discard_leftovers(folder)
        yield


@contextlib.contextmanager
def workspace(home: Path) -> Generator[Path]:
    """A folder for files on their way into an environment: gone afterwards, swept where this process was killed.

    It lies on the file system of the environments, so that files can be linked.

    Raises:
        SystemProblem: the folder cannot be made.
    """
    import shutil
    import tempfile

    with contextlib.ExitStack() as work_lock:
        # Made and locked in one hold, so that no sweep finds it unlocked.
        with exclusively(home), _writing(host_folder(home)):
            work = Path(tempfile.mkdtemp(prefix=_WORK, dir=host_folder(home)))
            work_lock.callback(shutil.rmtree, work, ignore_errors=True)
            work_lock.enter_context(_lock(work / ".lock", patience=0))
        yield work


@contextlib.contextmanager
def holding_if_free(home: Path) -> Generator[bool]:
    """The lock of `exclusively` where nobody else has it and it can be had; False else."""
    with contextlib.ExitStack() as stack:
        try:
            held = stack.enter_context(_holding(host_folder(home), patience=0))
        except SystemProblem:
            held = False
        yield held


def sweep(home: Path) -> list[Path]:
    """Remove what killed processes left behind, and return it; what a living one is making stays.

    Looks at names only where there is nothing to do, so it is fit for every start. Does nothing on a read-only home.
    """
    folder = host_folder(home)
    if not _leftovers(folder):
        return []
    with holding_if_free(home) as held:
        return _discard_leftovers(folder) if held else []


def _use(generation: Path) -> None:
    """Tell other processes, for as long as this one lives, that it imports from `generation`."""
    if generation in _held:
        return
    try:
        import fcntl

        descriptor = os.open(generation / COMPLETE, os.O_RDONLY)
    except (ImportError, OSError):  # another system, or half-made: nobody collects that either
        return
    # Kept open until the process ends: closing it gives the lock back.
    _held[generation] = descriptor
    with contextlib.suppress(OSError):
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)


def _discard_unused(generation: Path) -> bool:
    """Remove a generation unless a running process imports from it; whether that was so."""
    import shutil

    with _unused(generation) as unused:
        if unused:
            # First of all: what is half gone must not pass for whole.
            (generation / COMPLETE).unlink(missing_ok=True)
            shutil.rmtree(generation, ignore_errors=True)
    return unused


@contextlib.contextmanager
def _unused(generation: Path) -> Generator[bool]:
    """Whether no other process imports from `generation`; none begins to within."""
    own = _held.pop(generation, None)
    if own is not None:
        os.close(own)
    try:
        import fcntl

        descriptor = os.open(generation / COMPLETE, os.O_RDONLY)
    except (ImportError, OSError):
        yield True
        return
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        unused = True
    except OSError:
        unused = False
    try:
        yield unused
    finally:
        os.close(descriptor)


def _is_sibling(folder: Path, generation: Path) -> bool:
    return folder != generation and folder.parent == generation.parent and folder.name.isdecimal()


def _names(folder: Path) -> list[str]:
    try:
        return sorted(os.listdir(folder))  # noqa: PTH208 - names are all that is wanted
    except (FileNotFoundError, NotADirectoryError):
        return []


def _numbered(folder: Path) -> list[Path]:
    return [folder / name for name in sorted(filter(str.isdecimal, _names(folder)), key=int)]


def _leftovers(folder: Path) -> list[Path]:
    return [folder / name for name in _names(folder) if _is_leftover(folder, name)]


def _is_leftover(folder: Path, name: str) -> bool:
    if name.isdecimal():
        return not is_complete(folder / name)
    return name.startswith((_WORK, _GONE)) or (name.startswith((".current.", f".{JOURNAL}.")) and name.endswith(".new"))


def _discard_leftovers(folder: Path) -> list[Path]:
    return [path for path in _leftovers(folder) if _discard(path)]


def _discard(path: Path) -> bool:
    """Remove a leftover unless a living process works in it; whether it is gone."""
    import shutil

    if path.name.startswith(_GONE) and not _discard_unused(path.with_name(path.name.removeprefix(_GONE))):
        return False
    if not path.is_dir():
        path.unlink(missing_ok=True)
        return True
    if path.name.startswith(_WORK):
        with _lock(path / ".lock", patience=0) as abandoned:
            if not abandoned:
                return False
    shutil.rmtree(path, ignore_errors=True)
    return not path.exists()


@contextlib.contextmanager
def _holding(folder: Path, *, patience: float) -> Generator[bool]:
    """Hold the lock of the host's folder, saying in a file beside it who does; False where it cannot be had."""
    with _lock(folder / ".lock", patience=patience) as held:
        if held:
            with _writing(folder):
                (folder / ".holder").write_text(f"{os.getpid()}\n", encoding="ascii")
        yield held


@contextlib.contextmanager
def _lock(file: Path, *, patience: float) -> Generator[bool]:
    """Whether the lock could be had within `patience` seconds; held, if so, until the end of the block."""
    from filelock import FileLock, Timeout

    lock = FileLock(file, timeout=patience)
    with _writing(file.parent):
        file.parent.mkdir(parents=True, exist_ok=True)
        try:
            lock.acquire()
        except Timeout:
            held = False
        else:
            held = True
    try:
        yield held
    finally:
        if held:
            lock.release()


def _holder(folder: Path) -> str:
    try:
        return (folder / ".holder").read_text(encoding="ascii").strip() or "?"
    except (OSError, UnicodeDecodeError):
        return "?"


@contextlib.contextmanager
def _writing(folder: Path) -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise SystemProblem(
            f"cannot write: {error.strerror}", file=folder, fix="make it writable, or choose another --home"
        ) from error
