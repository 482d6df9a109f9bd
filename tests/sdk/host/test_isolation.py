"""One broken plugin breaks nothing but itself."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from plain import MakePlugin, Run, command_plugin

pytestmark = pytest.mark.slow

BREAKAGES = {
    "missing import": ("import not_there_at_all\n" + command_plugin("bad"), "import", "not_there_at_all"),
    "syntax error": (command_plugin("bad") + "\ndef broken(:\n", "import", "SyntaxError"),
    "raise at import": (command_plugin("bad") + "\nraise ValueError('at import')\n", "import", "at import"),
    "raise in the constructor": (
        command_plugin("bad") + "    def __init__(self): raise ValueError('constructing')\n",
        "construct",
        "constructing",
    ),
    "raise in initialise": (
        command_plugin("bad", initialise="raise RuntimeError('no database')"),
        "initialise",
        "no database",
    ),
    "initialise says no": (command_plugin("bad", initialise="return False"), "initialise", "not ready"),
    "raise in a command": (command_plugin("bad", command="raise OSError('disk gone')"), "command", "disk gone"),
}


@pytest.fixture
def two_plugins(make_plugin: MakePlugin, localagent: Run) -> Run:
    make_plugin("good")
    assert localagent("plugins", "enable", "good").code == 0
    return localagent


@pytest.mark.parametrize("case", BREAKAGES)
def test_a_broken_plugin_leaves_the_others_and_its_own_removal_alone(
    two_plugins: Run, make_plugin: MakePlugin, case: str
) -> None:
    source, step, cause = BREAKAGES[case]
    folder = make_plugin("bad", source)
    localagent = two_plugins
    localagent("plugins", "enable", "bad")

    assert localagent("good").out.strip() == "hello from good"
    listed = localagent("plugins", "list")
    assert listed.code == 0
    assert "bad" in listed.out
    assert localagent("--help").code == 0
    assert localagent("plugins", "info", "bad").code == 0

    called = localagent("bad")
    assert called.code == (1 if step == "command" else 3) or "no command" in called.err
    if "no command" not in called.err:
        assert f"{step}: " in called.err
        assert cause in called.err
        assert f"{folder}/plugin.py:" in called.err
    assert "Traceback" not in called.text

    assert localagent("plugins", "disable", "bad").code == 0
    assert localagent("good").code == 0


def test_a_cleanup_that_raises_is_named_and_the_others_still_run(two_plugins: Run, make_plugin: MakePlugin) -> None:
    source = command_plugin("bad") + "    async def cleanup(self): raise RuntimeError('cannot let go')\n"
    make_plugin("bad", source)
    two_plugins("plugins", "enable", "bad")
    done = two_plugins("bad")
    assert done.code == 0
    assert done.out.strip() == "hello from bad"
    assert "cannot let go" in done.err
    assert two_plugins("good").code == 0


def test_the_listing_says_step_cause_place_and_fix(two_plugins: Run, make_plugin: MakePlugin) -> None:
    folder = make_plugin("bad", "import not_there_at_all\n" + command_plugin("bad"))
    two_plugins("plugins", "enable", "bad")
    listed = {entry["name"]: entry for entry in json.loads(two_plugins("plugins", "list", "--json").out)}
    assert listed["good"]["state"] == "enabled"
    assert listed["bad"]["state"] == "failed"
    assert listed["bad"]["step"] == "import"
    assert listed["bad"]["where"] == f"{folder}/plugin.py:1"
    assert listed["bad"]["fix"] == "python -m pip install not_there_at_all"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"[localagent.plugins.commands]\nno equals sign here\n", "expected"),
        (b"[localagent.plugins.commands\nx = y:Z\n", "not closed"),
        (b"\xff\xfe\x00broken", "UTF-8"),
    ],
    ids=["no equals", "unclosed group", "not utf-8"],
)
def test_an_unreadable_foreign_distribution_costs_only_itself(
    two_plugins: Run, tmp_path: Path, content: bytes, reason: str
) -> None:
    info = tmp_path / "site" / "stranger-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "entry_points.txt").write_bytes(content)
    env = {"PYTHONPATH": str(tmp_path / "site")}
    assert two_plugins("good", env=env).out.strip() == "hello from good"
    assert "stranger" in two_plugins("plugins", "list", env=env).err
    doctor = two_plugins("doctor", env=env)
    assert doctor.code == 1
    assert reason in doctor.out


def test_listing_and_help_import_no_plugin(make_plugin: MakePlugin, localagent: Run, tmp_path: Path) -> None:
    mark = tmp_path / "imported"
    make_plugin("marked", f"open({str(mark)!r}, 'w').close()\n" + command_plugin("marked"))
    assert localagent("plugins", "enable", "marked").code == 0
    mark.unlink()
    for words in (["--version"], ["--help"], ["plugins", "list"], ["plugins", "info", "marked"], ["doctor"]):
        assert localagent(*words).code == 0
        assert not mark.exists(), words
    assert localagent("marked").code == 0
    assert mark.exists()


def test_a_disabled_plugin_is_never_imported(make_plugin: MakePlugin, localagent: Run, tmp_path: Path) -> None:
    mark = tmp_path / "imported"
    make_plugin("marked", f"open({str(mark)!r}, 'w').close()\n" + command_plugin("marked"))
    assert localagent("marked").code == 3
    assert localagent("plugins", "list").code == 0
    assert not mark.exists()


def test_what_lies_among_the_plugins_and_is_none_costs_only_itself(
    localagent: Run, make_plugin: MakePlugin, home: Path, work: Path
) -> None:
    make_plugin("good")
    make_plugin("odd", into=work / "dev-plugins", pyproject__toml="project = 1\n")
    (home / "plugins" / "loop").symlink_to("loop")
    os.mkfifo(home / "plugins" / "pipe.py")
    (home / "cache").mkdir()
    (home / "cache" / "records.json").write_text("[" * 100_000)
    listed = localagent("plugins", "list", "--json", env={"LOCALAGENT_DEV_MODE": "true"})
    assert {entry["name"] for entry in json.loads(listed.out)} == {"good", "odd"}
    assert localagent("plugins", "enable", "good").code == 0
    assert localagent("good").out.strip() == "hello from good"
