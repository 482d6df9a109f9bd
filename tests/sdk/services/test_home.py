"""Where LocalAgent's home is, and where things lie in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.errors import UsageError
from localagent.services.home import Home
from localagent.services.home_folder import home_folder


@pytest.mark.parametrize("given", [None, "", "elsewhere"])
def test_a_given_home_comes_before_the_environment(work: Path, given: str | None) -> None:
    found = Home.find(given, {"LOCALAGENT_HOME": "named"})
    assert found.path == work / (given or "named")


def test_without_any_word_the_home_is_below_the_users_own(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert Home.find(None, {}).path == tmp_path / ".localagent"
    assert Home.find(None, {"LOCALAGENT_HOME": ""}).path == tmp_path / ".localagent"
    assert Home.find("~/mine", {}).path == tmp_path / "mine"


@pytest.mark.parametrize("given", [None, "", "elsewhere", "~/mine", "/", "a/./b", "a/../b"])
@pytest.mark.parametrize("named", [None, "", "named", "~"])
def test_the_quick_way_to_the_home_finds_the_same(work: Path, given: str | None, named: str | None) -> None:
    environ = {} if named is None else {"LOCALAGENT_HOME": named}
    assert Path(home_folder(given, environ)) == Home.find(given, environ).path


@pytest.mark.parametrize(("given", "environ"), [("~nosuchuser/x", {}), (None, {"LOCALAGENT_HOME": "~nosuchuser/x"})])
def test_the_home_of_nobody_is_told(given: str | None, environ: dict[str, str]) -> None:
    with pytest.raises(UsageError, match="'~nosuchuser/x' cannot be found: there is no such user"):
        Home.find(given, environ)


def test_a_home_stays_where_it_was_when_the_current_folder_changes(
    work: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = Home.find("mine", {})
    monkeypatch.chdir(tmp_path)
    assert found.path == work / "mine"


def test_asking_for_paths_creates_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    files = [home.config_file, home.development_file, home.lock_file, home.trust_file, home.records_file]
    folders = [home.plugins, home.environments, home.data("hello")]
    named = [home.settings_file("hello"), home.log_file("hello")]
    assert all(path.is_relative_to(home.path) for path in files + folders + named)
    assert len({*files, *folders, *named}) == 10
    assert not home.path.exists()


def test_each_plugin_has_paths_of_its_own(tmp_path: Path) -> None:
    home = Home(tmp_path)
    assert home.settings_file("hello") == tmp_path / "hello.yaml"
    assert home.data("hello") == tmp_path / "data" / "hello"
    assert home.log_file("hello") == tmp_path / "logs" / "hello.log"
