"""Choosing and fetching with uv, for hosts without pip."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, Any

from packaging.requirements import Requirement
from packaging.tags import sys_tags
from packaging.utils import InvalidWheelFilename, canonicalize_name, parse_wheel_filename

from localagent.errors import RefusedError, SystemProblem
from localagent_cli.packaging.demand import Pin, conflict, local_file, not_found, refuse_other_content
from localagent_cli.packaging.fetching import download

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from localagent.errors import LocalAgentError
    from localagent_cli.packaging.demand import Demand

_CONFLICT_WORDS = ("are incompatible", "unsatisfiable", "does not satisfy Python")
_OTHER_INDEXES = frozenset({"UV_NO_INDEX", "UV_INDEX", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_OFFLINE"})
_TAIL = 12


def uv_command() -> str:
    """The path of uv, beside the host's Python or wherever the system finds programs.

    Raises:
        SystemProblem: it is nowhere.
    """
    found = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if found is None:
        raise SystemProblem("there is no uv to find what the plugin needs", fix="python -m pip install uv")
    return found


class Uv:
    """uv, which chooses; the chosen wheels are fetched here, since uv itself gives only what it unpacked.

    Args:
        command: the path of uv.
    """

    def __init__(self, command: str) -> None:
        self._command = command

    def resolve(self, demand: Demand, work: Path) -> list[Pin]:
        """The wheels that must be added; see `Resolver.resolve`."""
        chosen = self._choose(demand, work)
        given = {parse_wheel_filename(wheel.name)[0] for wheel in demand.wheels}
        lines = [f"{name}=={version}" for name, version in chosen if canonicalize_name(name) not in given]
        return self._pins(lines, demand, work) if lines else []

    def fetch(self, pins: Sequence[Pin], demand: Demand, work: Path) -> list[Path]:
        """The wheels of `pins` as files; see `Resolver.fetch`."""
        return [_fetched(pin, work) for pin in pins]

    def _choose(self, demand: Demand, work: Path) -> list[tuple[str, str]]:
        pinned = work / "constraints.txt"
        pinned.write_text("".join(f"{line}\n" for line in sorted(demand.constraints)), encoding="utf-8")
        names = map(_name_in, demand.requirements) if demand.upgrade else ()
        output = self._run(
            "pip",
            "install",
            *("--dry-run", "--output-format", "json", "--only-binary", ":all:", "--constraint", str(pinned)),
            *("--python", str(_everything_installed(demand, work / "seen"))),
            *(word for name in names for word in ("--upgrade-package", name)),
            *map(str, demand.wheels),
            *demand.requirements,
            demand=demand,
        )
        changes: list[dict[str, str]] = json.loads(output)["changes"]
        return [(each["name"], each["version"]) for each in changes if each["action"] == "installed"]

    def _pins(self, lines: Iterable[str], demand: Demand, work: Path) -> list[Pin]:
        """Where the chosen versions are, with their hashes (the file format of PEP 751)."""
        listed = work / "chosen.txt"
        listed.write_text("\n".join(lines) + "\n", encoding="utf-8")
        output = self._run(
            *("pip", "compile", "--quiet", "--no-deps", "--format", "pylock.toml", "--only-binary", ":all:"),
            *("--python", sys.executable, str(listed)),
            demand=demand,
        )
        return [_pin(package, listed.parent) for package in tomllib.loads(output)["packages"]]

    def _run(self, *words: str, demand: Demand) -> str:
        index = ["--default-index", demand.index] if demand.index else []
        kept = {name: value for name, value in os.environ.items() if not (demand.index and name in _OTHER_INDEXES)}
        run = subprocess.run(
            [self._command, *words, *index],
            env={**kept, "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
        )
        if run.returncode:
            raise _failure(run.stderr, demand)
        return run.stdout


def _name_in(requirement: str) -> str:
    return Requirement(requirement).name


def _failure(output: str, demand: Demand) -> LocalAgentError:
    lines = [" ".join(line.split()) for line in output.splitlines() if line.strip()]
    reasons = "\n".join(line for line in lines if not line.startswith("Using Python"))
    shown = "\n".join(reasons.splitlines()[:_TAIL])
    if any(word in reasons for word in _CONFLICT_WORDS) and "not found in the package registry" not in reasons:
        return conflict(shown)
    return not_found(shown, "uv", demand)


def _everything_installed(demand: Demand, folder: Path) -> Path:
    """A Python whose one folder of packages has the descriptions of all that the host and the plugin environment have.

    uv looks at that folder only; it neither follows the import path nor knows plugin environments.
    """
    import venv

    venv.EnvBuilder(symlinks=True).create(folder)
    site = next(folder.glob("lib/python*/site-packages"))
    seen = [*filter(None, sys.path), *([str(demand.environment)] if demand.environment else [])]
    for entry in seen:
        for metadata in sorted(Path(entry).glob("*.dist-info/METADATA")):
            mirrored = site / metadata.parent.name
            if not mirrored.exists():
                # A folder of its own: uv does not look into one that is a link.
                mirrored.mkdir()
                (mirrored / "METADATA").symlink_to(metadata)
    return folder / "bin" / "python"


def _pin(package: Mapping[str, Any], folder: Path) -> Pin:
    ranks = {tag: rank for rank, tag in enumerate(sys_tags())}

    def rank(wheel: Mapping[str, Any]) -> int:
        try:
            tags = parse_wheel_filename(_address(wheel, folder).rpartition("/")[2])[3]
        except InvalidWheelFilename:
            return len(ranks)
        return min((ranks.get(tag, len(ranks)) for tag in tags), default=len(ranks))

    wheels: list[dict[str, Any]] = package.get("wheels", [])
    best = min(wheels, key=rank, default=None)
    if best is None or rank(best) == len(ranks):
        raise RefusedError(f"{package['name']} {package['version']} has no wheel for this Python and system")
    name, sha256 = canonicalize_name(package["name"]), best.get("hashes", {}).get("sha256", "")
    return Pin(name, package["version"], _address(best, folder), sha256)


def _address(wheel: Mapping[str, Any], folder: Path) -> str:
    return str(wheel["url"]) if "url" in wheel else (folder / wheel["path"]).resolve().as_uri()


def _fetched(pin: Pin, work: Path) -> Path:
    if pin.url.startswith("file:"):
        file = local_file(pin.url)
    else:
        file = work / pin.file_name
        download(pin.url, file)
    refuse_other_content(pin, file)
    return file
