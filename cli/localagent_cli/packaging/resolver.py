"""Choosing and fetching what plugins need and nobody has yet, with pip, which changes nothing here."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.utils import canonicalize_name

from localagent.errors import SystemProblem
from localagent_cli.packaging.demand import Pin, conflict, local_file, not_found, refuse_other_content

if TYPE_CHECKING:
    from collections.abc import Sequence

    from localagent.errors import LocalAgentError
    from localagent_cli.packaging.demand import Demand, Resolver, Tool

_TAIL = 8
_OTHER_INDEXES = frozenset({"PIP_NO_INDEX", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS"})
_CONFLICT_WORDS = ("conflicting dependencies", "ResolutionImpossible", "requires a different Python")


class Pip:
    """The host's own pip, else the one that comes with Python."""

    def resolve(self, demand: Demand, work: Path) -> list[Pin]:
        """The wheels that must be added; see `Resolver.resolve`."""
        pinned, report = work / "constraints.txt", work / "report.json"
        pinned.write_text("".join(f"{line}\n" for line in sorted(demand.constraints)), encoding="utf-8")
        options = ["--dry-run", "--only-binary", ":all:", "--constraint", str(pinned), "--report", str(report)]
        if demand.upgrade:
            options.append("--upgrade")
        _run_pip(["install", *options, *_wanted(demand)], demand)
        chosen = json.loads(report.read_text(encoding="utf-8"))["install"]
        given = {wheel.name for wheel in demand.wheels}
        return [pin for pin in map(_pin, chosen) if pin.file_name not in given]

    def fetch(self, pins: Sequence[Pin], demand: Demand, work: Path) -> list[Path]:
        """The wheels of `pins` as files; see `Resolver.fetch`."""
        remote = [pin for pin in pins if not pin.url.startswith("file:")]
        if remote:
            _download(remote, demand, work)
        files = [work / pin.file_name if pin in remote else local_file(pin.url) for pin in pins]
        for pin, file in zip(pins, files, strict=True):
            refuse_other_content(pin, file)
        return files


def choose(tool: Tool | None) -> Resolver:
    """The resolver of that name; without one pip, or uv where there is no pip at all.

    Raises:
        SystemProblem: there is none.
    """
    from localagent_cli.packaging.uv import Uv, uv_command

    if tool == "uv":
        return Uv(uv_command())
    try:
        pip_command()
    except SystemProblem:
        if tool == "pip":
            raise
    else:
        return Pip()
    try:
        return Uv(uv_command())
    except SystemProblem as problem:
        raise SystemProblem(
            "there is neither pip nor uv to find what the plugin needs, nor the pip that comes with Python",
            fix="install uv (https://docs.astral.sh/uv), or pip beside this Python; either will do",
        ) from problem


def pip_command() -> list[str]:
    """How to run pip for the host: the host's own, else the one that comes with Python.

    Raises:
        SystemProblem: neither is there.
    """
    # Asked of the path only: setuptools' import hook takes a look-up of pip as the sign that pip is at work, and from
    # then on no longer brings setuptools its own distutils.
    if PathFinder.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    bundled = PathFinder.find_spec("ensurepip")
    folders = [Path(place) / "_bundled" for place in (bundled.submodule_search_locations if bundled else None) or ()]
    for folder in folders:
        for wheel in sorted(folder.glob("pip-*.whl")):
            return [sys.executable, str(wheel / "pip")]
    raise SystemProblem(
        "there is no pip to find what the plugin needs", fix=f"{sys.executable} -m ensurepip, or install pip beside it"
    )


def _wanted(demand: Demand) -> list[str]:
    index = ["--index-url", demand.index] if demand.index else []
    return [*index, *map(str, demand.wheels), *demand.requirements]


def _environ(demand: Demand) -> dict[str, str]:
    """The variables for pip: those of the user, but for other indexes where one is named."""
    kept = {name: value for name, value in os.environ.items() if not (demand.index and name in _OTHER_INDEXES)}
    seen = [str(demand.environment)] if demand.environment else []
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), *seen])),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_REQUIRE_VIRTUALENV": "0",
    }


def _run_pip(arguments: Sequence[str], demand: Demand) -> None:
    # One stream: pip gives a conflict's name on one and its reasons on the other.
    run = subprocess.run(
        [*pip_command(), *arguments],
        env=_environ(demand),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if run.returncode:
        raise _failure(run.stdout, demand)


def _failure(output: str, demand: Demand) -> LocalAgentError:
    """What pip's last words mean: versions that do not fit each other, or something that cannot be had."""
    lines = [line.strip() for line in output.partition("To fix this you could")[0].splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if line.startswith("ERROR:")), -_TAIL)
    reasons = "\n".join(line.removeprefix("ERROR: ") for line in lines[first:][:_TAIL])
    if any(word in output for word in _CONFLICT_WORDS):
        return conflict(reasons)
    return not_found(reasons, "pip", demand)


def _pin(item: dict[str, Any]) -> Pin:
    """One item of pip's report (https://pip.pypa.io/en/stable/reference/installation-report/)."""
    download = item["download_info"]
    sha256 = download.get("archive_info", {}).get("hashes", {}).get("sha256", "")
    metadata = item["metadata"]
    return Pin(canonicalize_name(metadata["name"]), metadata["version"], download["url"], sha256)


def _download(pins: Sequence[Pin], demand: Demand, work: Path) -> None:
    listed = work / "download.txt"
    lines = [f"{pin.url}#sha256={pin.sha256}" if pin.sha256 else pin.url for pin in pins]
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _run_pip(["download", "--no-deps", "--dest", str(work), "--requirement", str(listed)], demand)
