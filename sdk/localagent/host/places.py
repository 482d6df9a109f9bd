"""Where in a plugin's files something went wrong: the line that was running, else the one that declares the plugin."""

from __future__ import annotations

import contextlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.host.spec import SourceKind

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localagent.host.spec import PluginSpec

    Place = tuple[str | None, int | None]

NOWHERE: Place = (None, None)
_HOST = f"{Path(__file__).resolve().parents[1]}{os.sep}"


def code_line(function: object) -> Place:
    """The line at which a function is written; nowhere for what is not written in Python."""
    inner = getattr(function, "__func__", function)
    while (wrapped := getattr(inner, "__wrapped__", None)) is not None:
        inner = wrapped
    code = getattr(inner, "__code__", None)
    return NOWHERE if code is None else (code.co_filename, code.co_firstlineno)


def is_hosts(file: str) -> bool:
    """Whether a line of that file is the host's or the interpreter's own, and so nobody's fault."""
    return file.startswith(("<frozen", _HOST))


def is_below(file: str, root: Path | None) -> bool:
    """Whether `file` is `root` or lies in it, as far as the texts tell."""
    return root is not None and (file == str(root) or file.startswith(f"{root}{os.sep}"))


def own_line(lines: Iterable[tuple[str, int]], root: Path | None) -> Place:
    """The first of `lines`, innermost first, that lies in a plugin's folder or file `root`; nowhere if none does."""
    return next((line for line in lines if is_below(line[0], root)), NOWHERE)


def frames_in(report: str) -> list[tuple[str, int]]:
    """``(file, line)`` of each frame that a report of faulthandler tells, the innermost first."""
    return [(file, int(line)) for file, line in re.findall(r'^  File "(.+)", line (\d+)', report, re.MULTILINE)]


def declaration_of(spec: PluginSpec) -> Place:
    """The line that says which class the plugin is; only its file where that holds no such line."""
    file = _declaring_file(spec)
    if file is None:
        return (str(spec.module_file), 1) if spec.module_file else NOWHERE
    return str(file), _line_with(file, (spec.target, spec.target.replace(":", ".")))


def _declaring_file(spec: PluginSpec) -> Path | None:
    if spec.source.kind is SourceKind.BUILT_IN:
        return None
    if not spec.source.is_folder:
        return spec.source.root / "entry_points.txt"
    candidates = (spec.manifest_file, spec.source.root / "pyproject.toml")
    return next((file for file in candidates if file is not None and file.is_file()), None)


def _line_with(file: Path, targets: tuple[str, ...]) -> int | None:
    """The 1-based number of the first line that names one of `targets`, spaces around the colon or not."""
    with contextlib.suppress(OSError):
        lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        for number, line in enumerate(lines, start=1):
            if any(target in line.replace(" ", "") for target in targets):
                return number
    return None
