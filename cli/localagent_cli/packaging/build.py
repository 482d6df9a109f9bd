"""Building a project's sdist and wheel, the same bytes each time from the same source."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import SystemProblem, UsageError, ValidationError
from localagent_cli.packaging.backend import run_backend
from localagent_cli.packaging.source_copy import copy_source
from localagent_cli.packaging.verification import verify_archive

if TYPE_CHECKING:
    from localagent_cli.packaging.backend import Kind, Mode

DEFAULT_TIMESTAMP = 1580601600
"""Seconds since 1970 that files in archives get without ``SOURCE_DATE_EPOCH``: the moment that hatchling chose."""


@dataclass(frozen=True, slots=True)
class BuiltArtifacts:
    """What a build made.

    Attributes:
        sdist: the source archive; None where it was not asked for.
        wheel: the wheel; None where it was not asked for.
        seconds: how long it took on the wall clock.
        mode: ``in-process`` with the backend installed here, ``isolated`` with one installed for this build.
    """

    sdist: Path | None
    wheel: Path | None
    seconds: float
    mode: Mode


def build_project(
    source: Path, *, out: Path, sdist: bool = True, wheel: bool = True, isolate: bool = False
) -> BuiltArtifacts:
    """Build the project in the folder `source` into the folder `out`, which gets whole files or none.

    The build runs the project's own code (its backend and hooks). The source folder is not written: the backend works
    on a clean copy. Changes of process-wide state (working folder, output) make this a call for the main thread.

    Args:
        source: a folder with ``pyproject.toml`` or ``setup.py``.
        out: the folder for the archives; made where it is missing. Files of the same names are replaced.
        sdist: whether to build the source archive.
        wheel: whether to build the wheel.
        isolate: install the build requirements for this build even where they are installed here.

    Raises:
        MissingExtra: the extra ``dev`` is not installed.
        PluginError: the project cannot be built; the message ends with the backend's last lines.
        SystemProblem: the disk or the index for build requirements is in the way.
        ValidationError: the wheel breaks a rule of `verify_archive`.
        UsageError: `source` is no project, or ``SOURCE_DATE_EPOCH`` is no number.
    """
    started = time.perf_counter()
    source = source.resolve()
    if not any((source / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise UsageError("not a project: no pyproject.toml and no setup.py", file=source)
    wanted: dict[Kind, bool] = {"sdist": sdist, "wheel": wheel}
    kinds: list[Kind] = [kind for kind, asked in wanted.items() if asked]
    timestamp = _timestamp()
    try:
        with tempfile.TemporaryDirectory(prefix="localagent-build-") as temporary:
            work = Path(temporary).resolve()
            project = work / "source" / source.name
            copy_source(source, project, timestamp=timestamp)
            built, mode = run_backend(
                project,
                kinds,
                source=source,
                out=work / "out",
                log=work / "log",
                timestamp=timestamp,
                isolate=isolate,
            )
            if "sdist" in built:
                _normalise_sdist(Path(built["sdist"]), timestamp)
            if "wheel" in built:
                _refuse_bad_wheel(Path(built["wheel"]), source)
            placed = {kind: _place(Path(file), out) for kind, file in built.items()}
    except OSError as error:
        raise SystemProblem(f"cannot build: {error.strerror or error}", file=error.filename or source) from error
    return BuiltArtifacts(placed.get("sdist"), placed.get("wheel"), time.perf_counter() - started, mode)


def _refuse_bad_wheel(wheel: Path, source: Path) -> None:
    findings = verify_archive(wheel, project=source)
    if findings:
        raise ValidationError(
            f"the wheel is not fit for installing: {findings[0].message}",
            diagnostics=tuple(findings),
            fix=findings[0].fix,
        )


def _timestamp() -> int:
    """The time that files in archives get (https://reproducible-builds.org/specs/source-date-epoch/)."""
    text = os.environ.get("SOURCE_DATE_EPOCH", str(DEFAULT_TIMESTAMP))
    try:
        return int(text)
    except ValueError as error:
        raise UsageError(
            f"SOURCE_DATE_EPOCH is {text!r}, not a number of seconds", fix="unset SOURCE_DATE_EPOCH"
        ) from error


def _place(file: Path, out: Path) -> Path:
    """Put `file` into `out` in one step, whatever file system that is on."""
    out.mkdir(parents=True, exist_ok=True)
    target = out / file.name
    beside = out / f".{file.name}.new"
    shutil.copyfile(file, beside)
    beside.replace(target)
    return target


def _normalise_sdist(file: Path, timestamp: int) -> None:
    """Write the archive again with sorted members, one owner and one time: setuptools takes them from the disk."""
    rewritten = file.with_name(f"{file.name}.new")
    with (
        tarfile.open(file) as source,
        rewritten.open("wb") as raw,
        gzip.GzipFile(filename="", mode="wb", fileobj=raw, mtime=timestamp) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as target,
    ):
        for member in sorted(source.getmembers(), key=lambda member: member.name):
            content = source.extractfile(member) if member.isreg() else None
            target.addfile(_normalised(member, timestamp), content)
    rewritten.replace(file)


def _normalised(member: tarfile.TarInfo, timestamp: int) -> tarfile.TarInfo:
    fresh = tarfile.TarInfo(member.name)
    fresh.type, fresh.size, fresh.linkname = member.type, member.size, member.linkname
    fresh.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
    fresh.mtime = timestamp
    return fresh
