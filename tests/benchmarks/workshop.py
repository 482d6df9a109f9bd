"""Where contestants run: throw-away environments with made-up plugins, homes of their own, and the peers."""

from __future__ import annotations

import functools
import os
import subprocess
import sysconfig
import time
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from generated import Distribution, consent, install, plugin

_SETTLING = 0.12
"""Seconds after which a change of files can be told from one made in the same tick of the file clock."""
_IMPORT_COST = 0.02
_MEMORY = Path("/dev/shm")  # noqa: S108 - a file system; folders are made in it
_SCRIPT = "#!{python}\nimport sys\nfrom localagent_cli.main import main\nsys.exit(main())\n"


@dataclass(frozen=True, slots=True)
class Place:
    """An environment with this host and some plugins, and the home of its user."""

    folder: Path

    @property
    def site(self) -> Path:
        """The folder that holds its plugins."""
        return next(self.folder.glob("lib/python*/site-packages"))

    @property
    def python(self) -> str:
        """Its interpreter."""
        return str(self.folder / "bin" / "python")

    @property
    def localagent(self) -> str:
        """Its console script."""
        return str(self.folder / "bin" / "localagent")

    @property
    def home(self) -> Path:
        """The home of its user."""
        return self.folder / "home"

    @property
    def env(self) -> dict[str, str]:
        """The environment variables of a process there."""
        return _env(self.folder) | {"LOCALAGENT_HOME": str(self.home)}


class Workshop:
    """Places and peers by name, each made when it is first asked for.

    Args:
        folder: an empty folder.
        peers: a folder with an environment for each peer that is there.
        memory: an empty folder whose files are in memory, where there is room for them.
    """

    def __init__(self, folder: Path, peers: Path, memory: Path) -> None:
        self.folder = folder
        self.memory = memory
        self._peers = peers
        self.place = functools.cache(self._place)
        self.work = folder / "work"
        self.work.mkdir()

    def _place(self, kind: str, count: int, purpose: str = "") -> Place:
        """A place with so many plugins of one kind.

        Args:
            kind: ``light``; ``heavy``, whose import costs 20 ms; ``undeclared``, without manifests.
            count: how many.
            purpose: what it is for, where it is changed and therefore shared with nobody.
        """
        place = Place(self.folder / f"{kind}-{count}{purpose}")
        venv.create(place.folder, symlinks=True)
        # The host is shared; only the plugins are this environment's own.
        own = sysconfig.get_path("purelib")
        (place.site / "host.pth").write_text(f"import site; site.addsitedir({own!r})\n", encoding="utf-8")
        script = Path(place.localagent)
        script.write_text(_SCRIPT.format(python=place.python), encoding="utf-8")
        script.chmod(0o755)
        made = list(_plugins(kind, count))
        install(place.site, made)
        consent(place.home, [each.name for each in made])
        compile_all = [place.python, "-m", "compileall", "-q", str(place.site)]
        subprocess.run(compile_all, check=True, stdout=subprocess.DEVNULL)
        time.sleep(_SETTLING)
        return place

    def peer(self, name: str, program: str | None = None) -> str | None:
        """The path of a program of a peer; None where the peer is not installed."""
        path = self._peers / name / "bin" / (program or name)
        return str(path) if path.exists() else None

    def peer_env(self, *paths: Path) -> dict[str, str]:
        """The environment variables of a peer's process, with folders on its import path."""
        return _env(self.folder) | {"PYTHONPATH": os.pathsep.join(map(str, paths))}


def memory() -> Path | None:
    """Where files are in memory: some disks take half a millisecond for each folder, which hides what tests take."""
    return _MEMORY if _MEMORY.is_dir() and os.access(_MEMORY, os.W_OK) else None


def change(place: Place) -> None:
    """Install one more distribution, or remove it again, so that what was found holds no longer."""
    extra = Distribution("passing-by", "", {})
    info = place.site / "passing_by-1.0.dist-info"
    if info.exists():
        for file in info.iterdir():
            file.unlink()
        info.rmdir()
    else:
        install(place.site, [extra])
    time.sleep(_SETTLING)


def _plugins(kind: str, count: int) -> Iterable[Distribution]:
    for number in range(count):
        seconds = _IMPORT_COST if kind == "heavy" else 0.0
        yield plugin(f"plugin-{number:04}", seconds=seconds, manifest=kind != "undeclared")


def _env(folder: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in ("PATH", "LANG", "LC_ALL", "TMPDIR")}
    return kept | {"HOME": str(folder), "COLUMNS": "100"}
