"""Faults 60 to 70: what is installed, built or published is not what it should be, or the way there is cut."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.packaging.archives import Change, make_archive
from cli.packaging.conftest import Workshop
from faults.told import assert_told
from localagent.host import environments, lock
from localagent.services.home import Home
from loopback import running, status
from plain import Run

NETWORK = "permissions:\n  network: [example.org]\n"
CLI = (sys.executable, "-m", "localagent_cli")


@pytest.fixture
def workshop(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workshop:
    """Makes projects and wheels; pip sees its index and no other."""
    made = Workshop(tmp_path)
    made.index.mkdir()
    for name, value in {"CONFIG_FILE": "/dev/null", "NO_INDEX": "1", "FIND_LINKS": str(made.index)}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    return made


def installed(home: Path) -> dict[str, str]:
    return {name: line.version for name, line in lock.installed(Home(home)).items()}


def install(localagent: Run, source: Path, *words: str) -> None:
    done = localagent("plugins", "install", source, "--yes", "--no-enable", *words)
    assert done.code == 0, done.text


def test_fault_60_dependencies_are_in_conflict(localagent: Run, workshop: Workshop, home: Path) -> None:
    done = localagent("plugins", "install", workshop.plugin_wheel(requires=("rich<1",)), "--yes")
    assert_told(done, 4, "demo 1.0 depends on rich<1", "rich==")
    assert not environments.generations(home)


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.soak)])
def test_fault_61_install_is_killed(
    kills: int, localagent: Run, workshop: Workshop, home: Path, record_property: Callable[[str, object], None]
) -> None:
    wheel = workshop.plugin_wheel()
    for number in range(1, kills + 1):
        words = [*CLI, "plugins", "install", str(wheel), "--yes", "--no-enable"]
        with subprocess.Popen(words, stderr=subprocess.DEVNULL) as process:
            time.sleep(1.2 * number / kills)
            process.send_signal(signal.SIGKILL)
        assert installed(home) in ({}, {"demo": "1.0"})
    install(localagent, wheel)
    left = {path.name for path in environments.host_folder(home).iterdir() if not path.name.isdecimal()}
    assert left <= {".lock", ".holder", "current"}
    assert installed(home) == {"demo": "1.0"}
    record_property("kills", kills)


def test_fault_62_record_is_wrong(localagent: Run, tmp_path: Path, home: Path) -> None:
    wheel = make_archive(Change(late={"demo/added.py": "x = 1\n"}), tmp_path / "made")
    assert_told(localagent("plugins", "install", wheel, "--yes"), 4, "LA502", "demo/added.py")
    assert not environments.generations(home)


def test_fault_62_hash_is_not_the_locked_one(localagent: Run, workshop: Workshop, home: Path) -> None:
    wheel = workshop.plugin_wheel()
    install(localagent, wheel)
    environments.host_folder(home).rename(home / "gone")
    wheel.write_bytes(wheel.read_bytes() + b"\0")
    assert_told(localagent("plugins", "sync", "--yes"), 4, "demo")
    assert not environments.generations(home)


DANGERS = {
    "63 traversal": Change(files={"../evil.py": ""}),
    "63 absolute": Change(files={"/evil.py": ""}),
    "63 link": Change(odd={"demo/link": "link"}),
    "63 device": Change(odd={"demo/device": "device"}),
    "63 setuid": Change(odd={"demo/run": "setuid"}),
    "63 bomb": Change(zeros={"demo/zeros.bin": 20_000_000}),
    "63 case clash": Change(files={"demo/PLUGIN.py": "x = 1\n"}),
    "64 pth": Change(files={"evil.pth": "import os\n"}),
    "64 sitecustomize": Change(files={"sitecustomize.py": "x = 1\n"}),
    "64 script": Change(files={"localagent_demo-1.0.0.data/scripts/pip": "#!python\n"}),
}


def _refuses(kind: str, localagent: Run, folder: Path) -> None:
    change = DANGERS[kind]
    culprit = "times as large" if change.zeros else next(iter((*change.files, *change.odd)))
    done = localagent("plugins", "install", make_archive(change, folder / "made"), "--yes", "--no-enable")
    assert_told(done, 4, culprit.lstrip("./").removesuffix(".py"))
    assert not list(folder.rglob("evil.*"))


@pytest.mark.parametrize("kind", [kind for kind in DANGERS if kind.startswith("63")])
def test_fault_63_archive_is_dangerous_to_unpack(kind: str, localagent: Run, tmp_path: Path) -> None:
    _refuses(kind, localagent, tmp_path)


@pytest.mark.parametrize("kind", [kind for kind in DANGERS if kind.startswith("64")])
def test_fault_64_archive_runs_code_by_being_there(kind: str, localagent: Run, tmp_path: Path) -> None:
    _refuses(kind, localagent, tmp_path)


def test_fault_64_file_of_another_package(localagent: Run, workshop: Workshop, home: Path) -> None:
    install(localagent, workshop.plugin_wheel("one"))
    wheel = workshop.raw_wheel({**workshop.plugin_files(), "one/plugin.py": "x = 1\n"})
    done = localagent("plugins", "install", wheel, "--yes", "--no-enable")
    assert done.code in (2, 4)
    assert installed(home) == {"one": "1.0"}


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("demo.plugin:ThePlugin", "demo.nowhere:ThePlugin", ("pyproject.toml:", "demo.nowhere")),
        ('packages = ["src/demo"]', 'packages = ["src/demo"]\nexclude = ["*.yaml"]', ("manifest",)),
        ('packages = ["src/demo"]', 'packages = ["src/demo", "tests"]', ("tests",)),
    ],
    ids=["entry point to nowhere", "manifest is not packed", "tests are packed"],
)
def test_fault_65_wheel_is_not_what_was_meant(
    old: str, new: str, words: tuple[str, ...], localagent: Run, workshop: Workshop
) -> None:
    project = workshop.plugin()
    (project / "tests").mkdir()
    (project / "tests" / "__init__.py").write_text("")
    pyproject = project / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace(old, new))
    assert_told(localagent("dev", "build", project), 1, "error[LA5", *words)
    assert not (project / "dist").exists()


def test_fault_66_source_is_built(localagent: Run, workshop: Workshop) -> None:
    done = localagent("plugins", "install", workshop.plugin(), "--yes", "--no-enable")
    assert_told(done, 0, "which runs its code")


def test_fault_67_index_is_down(localagent: Run, workshop: Workshop, home: Path) -> None:
    install(localagent, workshop.plugin_wheel())
    newer = workshop.plugin_wheel(version="2.0", requires=("la-dep",))
    env = {"PIP_NO_INDEX": "", "PIP_INDEX_URL": "http://127.0.0.1:9/", "PIP_RETRIES": "0"}
    assert_told(localagent("plugins", "install", newer, "--yes", "--no-enable", env=env), 5, "la-dep")
    assert installed(home) == {"demo": "1.0"}


def test_fault_67_index_has_nothing(localagent: Run, workshop: Workshop, home: Path) -> None:
    with running() as server:
        server.answer("/demo/", status(404))
        env = {"PIP_NO_INDEX": "", "PIP_RETRIES": "0"}
        done = localagent("plugins", "install", "demo", "--index", server.url, "--yes", env=env)
    assert_told(done, 5, "demo")
    assert installed(home) == {}


def test_fault_68_new_version_breaks(localagent: Run, workshop: Workshop, home: Path) -> None:
    assert localagent("plugins", "install", workshop.plugin_wheel(), "--yes").code == 0
    broken = workshop.plugin_wheel(version="2.0", body="1 / 0\n")
    assert_told(localagent("plugins", "install", broken, "--yes"), 3, "nothing was changed", "ZeroDivisionError")
    assert localagent("demo").out == "demo 1.0\n"
    assert localagent("plugins", "install", workshop.plugin_wheel(version="1.1"), "--yes").code == 0
    assert localagent("plugins", "rollback").code == 0
    assert localagent("demo").out == "demo 1.0\n"


def test_fault_69_tree_is_dirty_and_nobody_agrees(localagent: Run, workshop: Workshop) -> None:
    project = workshop.plugin()
    subprocess.run(["git", "init", "-q"], cwd=project, check=True)
    with running() as server:
        env = {"TWINE_PASSWORD": "pypi-canary-4711", "TWINE_USERNAME": "__token__"}
        done = localagent("dev", "publish", project, "--index", server.url, env=env)
        assert_told(done, 4, "--yes")
        done = localagent("dev", "publish", project, "--index", server.url, "--yes", env=env)
        assert_told(done, 1, "committed")
    assert "pypi-canary-4711" not in done.text
    assert not [asked for asked in server.asked if asked.method == "POST"]


def test_fault_70_update_wants_more(localagent: Run, workshop: Workshop, home: Path) -> None:
    assert localagent("plugins", "install", workshop.plugin_wheel(), "--yes").code == 0
    newer = workshop.plugin_wheel(version="2.0", extra=NETWORK)
    assert_told(localagent("plugins", "install", newer), 4, "network: example.org", "--yes")
    assert localagent("demo").out == "demo 1.0\n"
    assert installed(home) == {"demo": "1.0"}
