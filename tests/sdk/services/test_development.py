"""Development mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.errors import ConfigError
from localagent.services.development import read_development
from localagent.services.home import Home


def write(folder: Path, text: str) -> Home:
    home = Home(folder / "home")
    home.path.mkdir()
    home.development_file.write_text(text, encoding="utf-8")
    return home


def test_it_is_off_without_a_word(tmp_path: Path) -> None:
    development = read_development(Home(tmp_path / "home"), {}, tmp_path)
    assert not development.enabled
    assert not development.loads_plugins
    assert not development.debug


def test_its_file_turns_it_on(tmp_path: Path) -> None:
    development = read_development(write(tmp_path, "development: {}\n"), {}, tmp_path)
    assert development.enabled
    assert development.loads_plugins


@pytest.mark.parametrize(
    ("word", "meaning"),
    [("1", True), ("TRUE", True), (" yes ", True), ("on", True), ("0", False), ("False", False), ("no", False)],
)
@pytest.mark.parametrize("has_file", [True, False])
def test_the_environment_decides_over_the_file(tmp_path: Path, word: str, *, meaning: bool, has_file: bool) -> None:
    home = write(tmp_path, "development: {}\n") if has_file else Home(tmp_path)
    assert read_development(home, {"LOCALAGENT_DEV_MODE": word}, tmp_path).enabled is meaning


@pytest.mark.parametrize("blank", ["", "  "])
def test_a_blank_variable_says_nothing(tmp_path: Path, blank: str) -> None:
    environ = {"LOCALAGENT_DEV_MODE": blank, "LOCALAGENT_PLUGINS_ALLOW_DEV": blank}
    development = read_development(write(tmp_path, "development: {}\n"), environ, tmp_path)
    assert development.enabled
    assert development.loads_plugins


@pytest.mark.parametrize(
    ("in_file", "in_environment", "loads"),
    [
        ("true", None, True),
        ("true", "true", True),
        ("true", "false", False),
        ("false", None, False),
        ("false", "true", False),
        ("false", "false", False),
    ],
)
def test_either_source_may_forbid_plugins(
    tmp_path: Path, in_file: str, in_environment: str | None, *, loads: bool
) -> None:
    home = write(tmp_path, f"development:\n  plugins:\n    allow_dev_plugins: {in_file}\n")
    environ = {"LOCALAGENT_PLUGINS_ALLOW_DEV": in_environment} if in_environment else {}
    development = read_development(home, environ, tmp_path)
    assert development.enabled
    assert development.loads_plugins is loads


def test_no_plugins_load_while_the_mode_is_off(tmp_path: Path) -> None:
    environ = {"LOCALAGENT_DEV_MODE": "off", "LOCALAGENT_PLUGINS_ALLOW_DEV": "true"}
    assert not read_development(write(tmp_path, "development: {}\n"), environ, tmp_path).loads_plugins


def test_a_variable_with_another_word_is_told_with_its_name(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="LOCALAGENT_DEV_MODE must be true or false, not 'perhaps'") as error:
        read_development(Home(tmp_path), {"LOCALAGENT_DEV_MODE": "perhaps"}, tmp_path)
    assert error.value.fix == "export LOCALAGENT_DEV_MODE=true"


def test_folders_lie_by_default_here_and_in_the_home(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    expected = (tmp_path / "here" / "dev-plugins", home.path / "dev-plugins")
    assert read_development(home, {}, tmp_path / "here").directories == expected


def test_named_folders_replace_the_default_each_once_and_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "user"))
    home = write(
        tmp_path, "development:\n  plugins:\n    development_directories: [mine, ~/theirs, /third, ./mine, 2024]\n"
    )
    assert read_development(home, {}, tmp_path).directories == (
        tmp_path / "mine",
        tmp_path / "user" / "theirs",
        Path("/third"),
        tmp_path / "2024",
    )


@pytest.mark.parametrize(("mode", "debug"), [("true", True), ("false", False)])
def test_debug_mode_counts_while_the_mode_is_on(tmp_path: Path, mode: str, *, debug: bool) -> None:
    home = write(tmp_path, "development:\n  debug_mode: true\n")
    assert read_development(home, {"LOCALAGENT_DEV_MODE": mode}, tmp_path).debug is debug


@pytest.mark.parametrize("text", ["development: 1\n", "development: [a]\n", "development:\n  plugins: yes please\n"])
def test_a_section_that_is_no_mapping_is_told_with_its_file(tmp_path: Path, text: str) -> None:
    home = write(tmp_path, text)
    with pytest.raises(ConfigError, match="'development'") as error:
        read_development(home, {}, tmp_path)
    assert error.value.file == home.development_file
