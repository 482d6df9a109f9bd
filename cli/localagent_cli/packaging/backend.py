"""Running a project's build backend: in this process where it may, else in an isolated environment."""

from __future__ import annotations

import contextlib
import functools
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import threading
import tomllib
import warnings
from importlib.machinery import SourceFileLoader
from typing import TYPE_CHECKING, Any, Literal

from localagent.errors import MissingExtra, PluginError, SystemProblem

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
    from pathlib import Path
    from types import CodeType

    from build import ProjectBuilder, RunnerType

Mode = Literal["in-process", "isolated"]
"""Where the backend ran."""

Kind = Literal["sdist", "wheel"]
"""What a backend makes."""

_TAIL = 12
_PROCESS = threading.Lock()
_VENDORED: list[str] = []
"""Import path entries that backends added when they were imported, which happens once in a process.

setuptools adds the folder of what it brings along. It needs it in every run; the host must not see it in between.
"""


def run_backend(
    project: Path,
    kinds: Sequence[Kind],
    *,
    source: Path,
    out: Path,
    log: Path,
    timestamp: int,
    isolate: bool,
    tell: Callable[[str], None],
) -> tuple[dict[Kind, str], Mode]:
    """Build `kinds` of `project` into the folder `out`; the paths made, and where the backend ran.

    In this process where the installed distributions are all that the project's build asks for, unless `isolate`.
    All that the backend prints goes to the file `log`. `source` is what `project` is a copy of, for messages; `tell`
    hears that a backend is installed, which takes seconds.

    Raises:
        MissingExtra: the library that talks to backends is not installed.
        PluginError: the project's build fails; the message ends with the last lines that the backend printed.
        SystemProblem: what the build needs cannot be installed.
    """
    try:
        from build import BuildBackendException, BuildException, ProjectBuilder
    except ImportError as error:
        raise MissingExtra("dev", needed_for="dev build") from error
    environ = {"SOURCE_DATE_EPOCH": str(timestamp)}
    child = _in_child(log, environ)
    try:
        if not isolate:
            builder = ProjectBuilder(project, runner=in_process(log, environ))
            if _is_ready(builder, kinds, project):
                return _build(builder, kinds, out), "in-process"
        tell("installing what the build needs ...")
        return _build_isolated(project, kinds, source=source, out=out, runner=child), "isolated"
    except BuildException as error:
        message = str(error).replace(str(project), str(source))
        raise PluginError(message, file=source / "pyproject.toml", fix="correct pyproject.toml") from error
    except BuildBackendException as error:
        cause = error if isinstance(error.exception, subprocess.CalledProcessError) else error.exception
        message = _with_tail(f"the build backend failed: {type(cause).__name__}: {cause}", log)
        raise PluginError(
            message.replace(str(project), str(source)),
            file=source,
            fix="correct what the build backend complains about, then build again",
        ) from error


def in_process(log: Path, environ: Mapping[str, str]) -> RunnerType:
    """A runner of Python scripts that runs them here, instead of in a child, and leaves this process as it was."""

    def run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
        _, script, *arguments = cmd
        with _PROCESS, _borrowed_process([script, *arguments], cwd, {**environ, **(extra_environ or {})}, log):
            try:
                exec(_code_of(script), {"__name__": "__main__", "__file__": script})  # noqa: S102 - the library's script
            except SystemExit as end:
                if end.code:
                    raise subprocess.CalledProcessError(1, list(cmd), str(end.code)) from end

    return run


@functools.cache
def _code_of(script: str) -> CodeType:
    """A script compiled once, for it is run for each question to the backend; from its bytecode where there is some."""
    code = SourceFileLoader("__main__", script).get_code("__main__")
    assert code is not None  # noqa: S101 - only packages without code have none
    return code


def _is_ready(builder: ProjectBuilder, kinds: Sequence[Kind], project: Path) -> bool:
    """Whether everything the build needs is installed here, its backend included."""
    if not _is_installed(builder.build_system_requires):
        return False
    if _says_all_at_once(project):
        return True
    asked = {need for kind in kinds for need in builder.get_requires_for_build(kind)}
    return _is_installed(asked - builder.build_system_requires)


def _is_installed(requirements: Iterable[str]) -> bool:
    from build import check_dependency

    return not any(unmet for need in requirements for unmet in check_dependency(need))


def _says_all_at_once(project: Path) -> bool:
    """Whether asking the backend for more requirements is in vain.

    setuptools answers with ``setup_requires`` and nothing else, after doing half of the build.
    """
    table: dict[str, Any] = {}
    if (project / "pyproject.toml").is_file():
        table = tomllib.loads((project / "pyproject.toml").read_text(encoding="utf-8")).get("build-system", {})
    if table.get("build-backend", "setuptools.build_meta") != "setuptools.build_meta" or "backend-path" in table:
        return False
    old_style = [project / name for name in ("setup.py", "setup.cfg")]
    return not any(b"setup_requires" in file.read_bytes() for file in old_style if file.is_file())


def _build(builder: ProjectBuilder, kinds: Sequence[Kind], out: Path) -> dict[Kind, str]:
    return {kind: builder.build(kind, out) for kind in kinds}


def _build_isolated(
    project: Path, kinds: Sequence[Kind], *, source: Path, out: Path, runner: RunnerType
) -> dict[Kind, str]:
    from build import ProjectBuilder
    from build.env import DefaultIsolatedEnv

    has_uv = shutil.which("uv") is not None or importlib.util.find_spec("uv") is not None
    try:
        with DefaultIsolatedEnv(installer="uv" if has_uv else "pip") as environment:
            builder = ProjectBuilder.from_isolated_env(environment, project, runner=runner)
            environment.install(builder.build_system_requires)
            for kind in kinds:
                environment.install(builder.get_requires_for_build(kind))
            return _build(builder, kinds, out)
    except subprocess.CalledProcessError as error:
        said = error.stderr or error.stdout or b""
        text = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
        raise SystemProblem(
            "\n".join(["cannot install what the build needs", *text.strip().splitlines()[-_TAIL:]]),
            file=source / "pyproject.toml",
            fix="check the network and build-system.requires, or install these requirements beside localagent",
        ) from error


def _in_child(log: Path, environ: Mapping[str, str]) -> RunnerType:
    def run(cmd: Sequence[str], cwd: str | None = None, extra_environ: Mapping[str, str] | None = None) -> None:
        with log.open("ab") as output:
            subprocess.run(
                cmd,
                cwd=cwd,
                env={**os.environ, **environ, **(extra_environ or {})},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                umask=0o022,
                check=True,
            )

    return run


@contextlib.contextmanager
def _borrowed_process(argv: list[str], cwd: str | None, environ: Mapping[str, str], log: Path) -> Generator[None]:
    """This process as a fresh one would be for a script; afterwards all is as before."""
    before = os.getcwd(), os.environ.copy(), sys.argv, sys.path[:], sys.meta_path[:], set(sys.modules)  # noqa: PTH109
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    umask = os.umask(0o022)
    try:
        os.chdir(cwd or before[0])
        os.environ.update(environ)
        sys.argv = argv
        sys.path[:] = [entry for entry in (*sys.path, *_VENDORED) if entry]
        with _output_into(log), warnings.catch_warnings():
            warnings.simplefilter("default")
            yield
    finally:
        os.umask(umask)
        root.handlers[:], root.level = handlers, level
        os.chdir(before[0])
        os.environ.clear()
        os.environ.update(before[1])
        _VENDORED.extend(entry for entry in sys.path if _is_vendored(entry, before[3]))
        sys.argv, sys.path[:], sys.meta_path[:] = before[2:5]
        _forget_modules(set(sys.modules) - before[5], cwd)


def _is_vendored(entry: str, before: list[str]) -> bool:
    """Whether a backend brought the import path entry with it, as opposed to the project."""
    inside = any(entry.startswith(folder + os.sep) for folder in before if folder)
    return inside and entry not in before and entry not in _VENDORED


def _forget_modules(names: set[str], folder: str | None) -> None:
    """Forget modules that came from the project itself: the next project may have ones of the same name."""
    for name in names:
        file = getattr(sys.modules[name], "__file__", None)
        if folder and file and os.path.abspath(file).startswith(folder + os.sep):  # noqa: PTH100 - no link is followed
            del sys.modules[name]


@contextlib.contextmanager
def _output_into(log: Path) -> Generator[None]:
    """Send what this process and its children print to the end of `log`."""
    with (
        log.open("a", encoding="utf-8", errors="backslashreplace", buffering=1) as stream,
        contextlib.redirect_stdout(stream),
        contextlib.redirect_stderr(stream),
        _descriptor_into(1, stream.fileno()),
        _descriptor_into(2, stream.fileno()),
    ):
        yield


@contextlib.contextmanager
def _descriptor_into(descriptor: int, target: int) -> Generator[None]:
    try:
        saved = os.dup(descriptor)
    except OSError:  # closed: nothing to send elsewhere
        yield
        return
    try:
        os.dup2(target, descriptor)
        yield
    finally:
        os.dup2(saved, descriptor)
        os.close(saved)


def _with_tail(summary: str, log: Path) -> str:
    try:
        printed = log.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        printed = ""
    return "\n".join([summary, *printed.strip().splitlines()[-_TAIL:]])
