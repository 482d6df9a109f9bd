"""Choosing and fetching what plugins need and nobody has yet, with pip, which changes nothing here."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from packaging.utils import canonicalize_name

from localagent.errors import RefusedError, SystemProblem

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from localagent.errors import LocalAgentError

_TAIL = 8
_CONFLICT_WORDS = ("conflicting dependencies", "ResolutionImpossible", "requires a different Python")


@dataclass(frozen=True, slots=True)
class Pin:
    """One wheel that the resolver chose.

    Attributes:
        name: normalised.
        version: chosen.
        url: where the wheel is; may be a ``file:`` address.
        sha256: of the wheel, in hexadecimal digits; empty where the index does not tell.
    """

    name: str
    version: str
    url: str
    sha256: str


def resolve(wheels: Sequence[Path], *, constraints: Iterable[str], environment: Path | None, work: Path) -> list[Pin]:
    """The wheels that must be added so that `wheels` have all they need; `wheels` themselves are not among them.

    Args:
        wheels: of the plugins to install.
        constraints: ``name==version`` of everything that must stay as it is.
        environment: the plugin environment whose distributions count as installed.
        work: a folder for pip's files.

    Raises:
        RefusedError: no set of versions fits; the message ends with pip's reasons.
        SystemProblem: there is no pip, or it cannot reach the index.
    """
    pinned, report = work / "constraints.txt", work / "report.json"
    pinned.write_text("".join(f"{line}\n" for line in sorted(constraints)), encoding="utf-8")
    options = ["--dry-run", "--only-binary", ":all:", "--constraint", str(pinned), "--report", str(report)]
    _run_pip(["install", *options, *map(str, wheels)], environment)
    chosen = json.loads(report.read_text(encoding="utf-8"))["install"]
    given = {wheel.name for wheel in wheels}
    return [pin for pin in map(_pin, chosen) if _file_name(pin) not in given]


def fetch(pins: Sequence[Pin], *, work: Path) -> list[Path]:
    """The wheels of `pins` as files, each with the hash that it must have.

    Raises:
        RefusedError: a wheel is not the one that was planned.
        SystemProblem: a wheel cannot be had.
    """
    remote = [pin for pin in pins if not pin.url.startswith("file:")]
    if remote:
        _download(remote, work)
    files = [work / _file_name(pin) if pin in remote else _local_file(pin.url) for pin in pins]
    for pin, file in zip(pins, files, strict=True):
        _refuse_other_content(pin, file)
    return files


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


def _run_pip(arguments: Sequence[str], environment: Path | None) -> None:
    seen = [str(environment)] if environment else []
    environ = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, [os.environ.get("PYTHONPATH"), *seen])),
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
        "PIP_NO_INPUT": "1",
        "PIP_REQUIRE_VIRTUALENV": "0",
    }
    # One stream: pip gives a conflict's name on one and its reasons on the other.
    run = subprocess.run(
        [*pip_command(), *arguments],
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    if run.returncode:
        raise _failure(run.stdout)


def _failure(output: str) -> LocalAgentError:
    """What pip's last words mean: versions that do not fit each other, or something that cannot be had."""
    lines = [line.strip() for line in output.partition("To fix this you could")[0].splitlines() if line.strip()]
    first = next((number for number, line in enumerate(lines) if line.startswith("ERROR:")), -_TAIL)
    reasons = "\n".join(line.removeprefix("ERROR: ") for line in lines[first:][:_TAIL])
    if any(word in output for word in _CONFLICT_WORDS):
        return RefusedError(
            f"what the plugin needs does not fit what is installed:\n{reasons}",
            fix="take another version of the plugin, or upgrade what it conflicts with",
        )
    return SystemProblem(
        f"what the plugin needs cannot be found:\n{reasons}", fix="check the network and the configuration of pip"
    )


def _pin(item: dict[str, Any]) -> Pin:
    """One item of pip's report (https://pip.pypa.io/en/stable/reference/installation-report/)."""
    download = item["download_info"]
    sha256 = download.get("archive_info", {}).get("hashes", {}).get("sha256", "")
    metadata = item["metadata"]
    return Pin(canonicalize_name(metadata["name"]), metadata["version"], download["url"], sha256)


def _download(pins: Sequence[Pin], work: Path) -> None:
    listed = work / "download.txt"
    lines = [f"{pin.url}#sha256={pin.sha256}" if pin.sha256 else pin.url for pin in pins]
    listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
    _run_pip(["download", "--no-deps", "--dest", str(work), "--requirement", str(listed)], None)


def _refuse_other_content(pin: Pin, file: Path) -> None:
    try:
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise SystemProblem(f"{pin.name} {pin.version} is not where it was: {error.strerror}", file=file) from error
    if pin.sha256 and digest != pin.sha256:
        raise RefusedError(f"{pin.name} {pin.version} is not the file that was planned: its hash differs", file=file)


def _file_name(pin: Pin) -> str:
    return unquote(urlsplit(pin.url).path).rpartition("/")[2]


def _local_file(url: str) -> Path:
    return Path(unquote(urlsplit(url).path))
