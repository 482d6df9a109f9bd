"""The life of a plugin: from an empty folder to a user elsewhere, one version on and back, and out without a trace."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from cli.packaging.conftest import Workshop, needs_uv
from cli.packaging.test_index import kept
from cli.packaging.test_publishing import commit, git
from localagent_cli.packaging.catalogue import make_catalogue
from localagent_cli.packaging.publishing.loopback_index import loopback_index
from localagent_cli.trying.clean_environment import CleanEnvironment, make_environment
from plain import Finished, Run

pytestmark = pytest.mark.slow

NAME = "notebook"


@dataclass(frozen=True)
class Elsewhere:
    """A user in an environment of their own, who has the author's index and no file of theirs.

    Attributes:
        environment: with LocalAgent and nothing else.
        home: of that LocalAgent.
        index: the address of the simple index.
    """

    environment: CleanEnvironment
    home: Path
    index: str

    def localagent(self, *words: str) -> Finished:
        done = subprocess.run(
            [self.environment.python, "-P", "-m", "localagent_cli", *words],
            cwd=self.home.parent,
            env=self._variables(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Finished(done.returncode, done.stdout, done.stderr)

    def _variables(self) -> dict[str, str]:
        # uv may lie beside the Python that runs the tests only.
        path = os.pathsep.join([os.environ["PATH"], str(Path(sys.executable).parent)])
        own = {"LOCALAGENT_HOME": str(self.home), "COLUMNS": "120", "PYTHONDONTWRITEBYTECODE": "1"}
        return self.environment.variables({**os.environ, "PATH": path}) | own

    def told(self, *words: str) -> str:
        """What a command says that has to succeed."""
        done = self.localagent(*words)
        assert done.code == 0, done.text
        return done.text

    def files(self) -> dict[str, bytes]:
        """The files of the environment, byte for byte; bytecode is not written in these tests."""
        folder = self.environment.folder
        files = (path for path in folder.rglob("*") if path.is_file())
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def index(tmp_path: Path) -> Iterator[str]:
    with loopback_index(tmp_path / "index") as address:
        yield address


@pytest.fixture
def elsewhere(tmp_path: Path, index: str, monkeypatch: pytest.MonkeyPatch) -> Elsewhere:
    for name, value in {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_CACHE_DIR": "1", "UV_NO_CONFIG": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("UV_NO_CACHE", "1")
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return Elsewhere(make_environment(folder / "environment"), folder / "home", f"{index}simple/")


def publish(localagent: Run, index: str) -> None:
    secrets = {"TWINE_USERNAME": "ada", "TWINE_PASSWORD": "unimportant"}
    done = localagent("dev", "publish", f"dev-plugins/{NAME}", "--index", index, "--yes", env=secrets)
    assert done.code == 0, done.text


def raise_version(project: Path) -> None:
    for name in ("pyproject.toml", "plugin.py", "plugin-manifest.yaml"):
        file = project / name
        text = file.read_text(encoding="utf-8")
        file.write_text(text.replace('"1.0.0"', '"1.0.1"', 1), encoding="utf-8")
    git(project, "commit", "--all", "--message", "Version 1.0.1")


@pytest.mark.parametrize("tool", ["pip", pytest.param("uv", marks=[needs_uv, pytest.mark.soak])])
def test_plugin_is_made_published_installed_upgraded_rolled_back_and_gone(
    localagent: Run, work: Path, elsewhere: Elsewhere, index: str, tool: str
) -> None:
    assert list(work.iterdir()) == []
    made = localagent("dev", "create-plugin", NAME, "command")
    assert made.code == 0, made.text
    project = work / "dev-plugins" / NAME
    commit(project)
    publish(localagent, index)

    assert NAME not in elsewhere.told("plugins", "list")
    environment, home = elsewhere.files(), kept(elsewhere.home)
    from_index = ("--index", elsewhere.index, "--resolver", tool)
    elsewhere.told("plugins", "install", f"localagent-{NAME}", *from_index, "--yes")
    assert version_of(elsewhere) == "1.0.0"
    assert elsewhere.localagent(NAME, "--help").code == 0
    elsewhere.told(NAME, ".")

    raise_version(project)
    publish(localagent, index)
    elsewhere.told("plugins", "upgrade", NAME, *from_index)
    assert version_of(elsewhere) == "1.0.1"
    elsewhere.told(NAME, ".")

    elsewhere.told("plugins", "rollback")
    assert version_of(elsewhere) == "1.0.0"
    elsewhere.told(NAME, ".")

    elsewhere.told("plugins", "uninstall", NAME, "--purge", "--yes")
    assert elsewhere.localagent(NAME, ".").code == 2
    assert elsewhere.files() == environment
    assert kept(elsewhere.home) == home
    assert not [path for path in elsewhere.home.rglob("*") if NAME in path.name]


def test_environment_of_the_host_is_byte_for_byte_the_same_after_every_command(
    elsewhere: Elsewhere, workshop: Workshop
) -> None:
    wheel, newer = workshop.plugin_wheel(version="1.0"), workshop.plugin_wheel(version="1.1")
    linked, conflicting = workshop.plugin("linked"), workshop.plugin_wheel("conflicting", requires=("rich<1",))
    make_catalogue(newer.parent)
    before = elsewhere.files()
    for code, *words in (
        (0, "install", wheel, "--yes"),
        (0, "install", "-e", linked, "--yes"),
        (0, "upgrade"),
        (0, "install", newer, "--yes"),
        (4, "install", conflicting, "--yes"),
        (0, "list"),
        (0, "info", "demo"),
        (0, "disable", "demo"),
        (0, "enable", "demo"),
        (0, "test", "demo"),
        (0, "lock"),
        (0, "search", "demo", "--catalogue", newer.parent),
        (0, "rollback"),
        (0, "sync", "--yes"),
        (0, "uninstall", "linked", "--yes"),
        (0, "uninstall", "demo", "--purge", "--yes"),
    ):
        done = elsewhere.localagent("plugins", *map(str, words))
        assert (done.code, elsewhere.files() == before) == (code, True), (words, done.text)


def version_of(elsewhere: Elsewhere) -> str:
    (line,) = [line for line in elsewhere.told("plugins", "list").splitlines() if NAME in line]
    return next(word for word in line.split() if word[0].isdigit())
