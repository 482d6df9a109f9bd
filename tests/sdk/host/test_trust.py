"""Whose code runs: trust in folders, consent to plugins."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from plain import MakePlugin, Run, command_plugin

DEVELOPING = {"LOCALAGENT_DEV_MODE": "true", "LOCALAGENT_PLUGINS_ALLOW_DEV": "true"}


@pytest.fixture
def strangers(make_plugin: MakePlugin, work: Path, tmp_path: Path) -> Path:
    """A stranger's clone: its plugin leaves a mark wherever it is imported."""
    mark = tmp_path / "it-ran"
    make_plugin("evil", f"open({str(mark)!r}, 'w').close()\n" + command_plugin("evil"), into=work / "dev-plugins")
    return mark


def state_of(localagent: Run, name: str, env: dict[str, str] | None = None) -> str:
    listed = json.loads(localagent("plugins", "list", "--json", env=env).out)
    return str(next(entry["state"] for entry in listed if entry["name"] == name))


def test_nothing_in_a_strangers_clone_is_run(localagent: Run, strangers: Path) -> None:
    for words in (["--help"], ["plugins", "list"], ["evil"], ["plugins", "enable", "evil"], ["doctor"], ["nonsense"]):
        localagent(*words, env=DEVELOPING)
        assert not strangers.exists(), words
    assert state_of(localagent, "evil", DEVELOPING) == "untrusted"
    refused = localagent("plugins", "enable", "evil", env=DEVELOPING)
    assert refused.code == 3
    assert "dev trust" in refused.err


def test_naming_it_in_a_variable_grants_no_trust(localagent: Run, strangers: Path) -> None:
    localagent("evil", env={**DEVELOPING, "LOCALAGENT_PLUGINS_ENABLED": "evil"})
    assert not strangers.exists()


def test_a_trusted_folder_runs_in_development_mode_only(localagent: Run, strangers: Path, work: Path) -> None:
    assert localagent("dev", "trust", work / "dev-plugins").code == 0
    assert state_of(localagent, "evil") == "disabled"
    assert localagent("evil", env=DEVELOPING).out.strip() == "hello from evil"
    assert strangers.exists()


@pytest.mark.parametrize(
    "env",
    [
        {"LOCALAGENT_DEV_MODE": "false", "LOCALAGENT_PLUGINS_ALLOW_DEV": "true"},
        {"LOCALAGENT_DEV_MODE": "true", "LOCALAGENT_PLUGINS_ALLOW_DEV": "false"},
    ],
    ids=["mode off", "plugins forbidden"],
)
def test_an_explicit_no_wins(localagent: Run, strangers: Path, work: Path, home: Path, env: dict[str, str]) -> None:
    localagent("dev", "trust", work / "dev-plugins")
    home.joinpath("development.yaml").write_text("development:\n  plugins:\n    allow_dev_plugins: true\n")
    assert state_of(localagent, "evil", env) == "disabled"
    assert not strangers.exists()


def test_a_forbidding_file_is_not_overruled_by_a_variable(
    localagent: Run, strangers: Path, work: Path, home: Path
) -> None:
    localagent("dev", "trust", work / "dev-plugins")
    home.joinpath("development.yaml").write_text("development:\n  plugins:\n    allow_dev_plugins: false\n")
    assert state_of(localagent, "evil", DEVELOPING) == "disabled"


def test_a_folder_everybody_may_write_to_is_not_trusted(localagent: Run, strangers: Path, work: Path) -> None:
    folder = work / "dev-plugins"
    folder.chmod(0o777)
    refused = localagent("dev", "trust", folder)
    assert refused.code == 4
    assert "everybody may write" in refused.err
    folder.chmod(0o755)
    assert localagent("dev", "trust", folder).code == 0
    folder.chmod(0o777)
    (folder / "evil").chmod(0o777)
    assert state_of(localagent, "evil", DEVELOPING) == "untrusted"


def test_a_link_out_of_a_trusted_folder_is_not_trusted(
    localagent: Run, make_plugin: MakePlugin, work: Path, tmp_path: Path
) -> None:
    elsewhere = make_plugin("linked", into=tmp_path / "elsewhere")
    (work / "dev-plugins").mkdir()
    localagent("dev", "trust", work / "dev-plugins")
    (work / "dev-plugins" / "linked").symlink_to(elsewhere)
    assert state_of(localagent, "linked", DEVELOPING) == "untrusted"


def test_a_plugin_runs_only_after_it_was_enabled(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("mine")
    assert localagent("mine").code == 3
    assert state_of(localagent, "mine") == "disabled"
    enabled = localagent("plugins", "--enable", "mine")
    assert enabled.code == 0
    assert "permissions: none declared" in enabled.err
    assert "try: localagent mine" in enabled.err
    assert localagent("mine", "--who", "me").out.strip() == "hello from me"
    assert localagent("plugins", "--disable", "mine").code == 0
    assert localagent("mine").code == 3


def test_consent_is_bound_to_the_source(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    folder = make_plugin("mine")
    localagent("plugins", "enable", "mine")
    folder.rename(home / "plugins" / "moved")
    listed = json.loads(localagent("plugins", "list", "--json").out)[0]
    assert listed["state"] == "disabled"
    assert "another source" in listed["reason"]


def test_a_variable_adds_plugins_and_an_explicit_no_wins(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    make_plugin("mine")
    env = {"LOCALAGENT_PLUGINS_ENABLED": "mine"}
    assert localagent("mine", env=env).code == 0
    localagent("plugins", "disable", "mine")
    assert localagent("mine", env=env).code == 3
    localagent("plugins", "enable", "mine")
    (home / "config.yaml").write_text("plugins:\n  mine:\n    enabled: false\n")
    assert localagent("mine", env=env).code == 3


def test_no_plugins_and_only_leave_others_out(localagent: Run, make_plugin: MakePlugin) -> None:
    for name in ("one", "two"):
        make_plugin(name)
        localagent("plugins", "enable", name)
    assert localagent("--no-plugins", "one").code == 3
    assert localagent("--only", "two", "one").code == 3
    assert localagent("--only=two", "two").code == 0


def test_a_variable_switches_all_plugins_off(localagent: Run, make_plugin: MakePlugin) -> None:
    make_plugin("lonely")
    localagent("plugins", "enable", "lonely")
    safe = {"LOCALAGENT_NO_PLUGINS": "1"}
    for env, there in (({}, True), (safe, False), ({"LOCALAGENT_NO_PLUGINS": "false"}, True)):
        for _ in range(2):  # with and without the index
            assert ("lonely" in localagent("--help", env=env).out) is there
    refused = localagent("lonely", env=safe)
    assert refused.code == 3
    assert "LOCALAGENT_NO_PLUGINS is set" in refused.err
    assert "fix: unset LOCALAGENT_NO_PLUGINS" in refused.err
    unclear = localagent("plugins", "list", env={"LOCALAGENT_NO_PLUGINS": "maybe"})
    assert (unclear.code, "must be true or false" in unclear.err) == (2, True)


def test_a_damaged_lock_file_turns_plugins_off_and_says_how_to_go_on(
    localagent: Run, make_plugin: MakePlugin, home: Path
) -> None:
    make_plugin("mine")
    localagent("plugins", "enable", "mine")
    (home / "plugins.lock").write_text("{ not json")
    listed = localagent("plugins", "list")
    assert listed.code == 0
    assert "plugins.lock" in listed.err
    assert "fix: mv" in listed.err
    assert localagent("mine").code != 0
