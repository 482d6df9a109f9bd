"""Building a project's sdist and wheel, the same bytes each time from the same source."""

from __future__ import annotations

import gzip
import os
import shutil
import tarfile
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import SystemProblem, UsageError, ValidationError
from localagent_cli.packaging.backend import run_backend
from localagent_cli.packaging.source_copy import copy_source
from localagent_cli.packaging.verification import verify_archive

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent_cli.packaging.backend import Kind, Mode
    from localagent_cli.packaging.verification import Purpose

DEFAULT_TIMESTAMP = 1580601600
"""Seconds since 1970 that files in archives get without ``SOURCE_DATE_EPOCH``: the moment that hatchling chose."""


def _say_nothing(_text: str) -> None:
    """For callers who do not want to hear."""


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
    source: Path,
    *,
    out: Path,
    sdist: bool = True,
    wheel: bool = True,
    isolate: bool = False,
    strict: bool = False,
    purpose: Purpose = "install",
    tell: Callable[[str], None] = _say_nothing,
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
        strict: build the wheel from the unpacked source archive, as others will.
        purpose: what the archives are for, which decides the rules they must keep.
        tell: hears what takes its time.

    Raises:
        MissingExtra: the extra ``dev`` is not installed.
        PluginError: the project cannot be built; the message ends with the backend's last lines.
        SystemProblem: the disk or the index for build requirements is in the way.
        ValidationError: an archive breaks a rule of `verify_archive`; it carries every finding in all of them.
        UsageError: `source` is no project, or ``SOURCE_DATE_EPOCH`` is no number.
    """
    started = time.perf_counter()
    source = source.resolve()
    if not any((source / name).is_file() for name in ("pyproject.toml", "setup.py")):
        raise UsageError("not a project: no pyproject.toml and no setup.py", file=source)
    timestamp = _timestamp()
    try:
        with tempfile.TemporaryDirectory(prefix="localagent-build-") as temporary:
            work = Path(temporary).resolve()
            project = work / "source" / source.name
            copy_source(source, project, timestamp=timestamp)
            site = _Site(source, work, timestamp, isolate, tell)
            built, mode = site.build_strictly(project) if strict else site.build(project, _kinds(sdist, wheel))
            _refuse_bad_archives(built.values(), source, purpose)
            placed = {kind: _place(file, out) for kind, file in built.items()}
    except OSError as error:
        raise SystemProblem(f"cannot build: {error.strerror or error}", file=error.filename or source) from error
    return BuiltArtifacts(placed.get("sdist"), placed.get("wheel"), time.perf_counter() - started, mode)


@dataclass(frozen=True, slots=True)
class _Site:
    """Where one build goes on.

    Attributes:
        source: the project's own folder, for messages.
        work: a temporary folder.
        timestamp: seconds since 1970 that files in archives get.
        isolate: whether to install the backend for this build in any case.
        tell: hears what takes its time.
    """

    source: Path
    work: Path
    timestamp: int
    isolate: bool
    tell: Callable[[str], None]

    def build(self, project: Path, kinds: Sequence[Kind]) -> tuple[dict[Kind, Path], Mode]:
        """Build from the folder `project`."""
        built, mode = run_backend(
            project,
            kinds,
            source=self.source,
            out=self.work / "out",
            log=self.work / "log",
            timestamp=self.timestamp,
            isolate=self.isolate,
            tell=self.tell,
        )
        files: dict[Kind, Path] = {kind: Path(file) for kind, file in built.items()}
        if "sdist" in files:
            _normalise_sdist(files["sdist"], self.timestamp)
        return files, mode

    def build_strictly(self, project: Path) -> tuple[dict[Kind, Path], Mode]:
        """Build the sdist from the folder `project`, and the wheel from what the sdist holds."""
        built, _ = self.build(project, ["sdist"])
        _refuse_bad_archives(built.values(), self.source, "unpack")
        unpacked = self.work / "unpacked"
        with tarfile.open(built["sdist"]) as archive:
            archive.extractall(unpacked, filter="data")
        (folder,) = unpacked.iterdir()
        wheel, mode = self.build(folder, ["wheel"])
        return built | wheel, mode


def _kinds(sdist: bool, wheel: bool) -> list[Kind]:  # noqa: FBT001 - as build_project names them
    wanted: dict[Kind, bool] = {"sdist": sdist, "wheel": wheel}
    return [kind for kind, asked in wanted.items() if asked]


def _refuse_bad_archives(archives: Iterable[Path], source: Path, purpose: Purpose) -> None:
    # The wheel's first: they name lines of the project.
    ordered = sorted(archives, key=lambda archive: archive.suffix != ".whl")
    findings = [found for archive in ordered for found in verify_archive(archive, purpose=purpose, project=source)]
    if findings:
        raise ValidationError(
            f"what was built is not fit for use: {findings[0].message}",
            diagnostics=tuple(map(_without_work, findings)),
            fix=findings[0].fix,
        )


def _without_work(finding: Diagnostic) -> Diagnostic:
    """The finding without the temporary folder in its place."""
    file = finding.where.file
    parts = file.parts
    named = next((index for index, part in enumerate(parts) if part.endswith((".whl", ".tar.gz"))), None)
    if named is None:
        return finding
    return replace(finding, where=replace(finding.where, file=Path(*parts[named:])))


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
