"""Development mode."""

from __future__ import annotations

from pathlib import Path

import pytest

from localagent.errors import ConfigError, LocalAgentError
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


@pytest.mark.parametrize(
    "text", ["development: 1\n", "development: false\n", "development: [a]\n", "development:\n  plugins: yes please\n"]
)
def test_a_section_that_is_no_mapping_is_told_with_its_file(tmp_path: Path, text: str) -> None:
    home = write(tmp_path, text)
    with pytest.raises(ConfigError, match="must be a mapping") as error:
        read_development(home, {}, tmp_path)
    assert error.value.file == home.development_file


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "development:\n", "development:\n  plugins:\n"])
def test_what_was_left_blank_says_nothing_more(tmp_path: Path, text: str) -> None:
    development = read_development(write(tmp_path, text), {}, tmp_path)
    assert development.loads_plugins
    assert len(development.directories) == 2


def test_a_single_folder_needs_no_list(tmp_path: Path) -> None:
    home = write(tmp_path, "development:\n  plugins:\n    development_directories: mine\n")
    assert read_development(home, {}, tmp_path).directories == (tmp_path / "mine",)


@pytest.mark.parametrize(
    ("line", "message", "place"),
    [
        ("development_directories: {a: b}", "must be a folder, or a list of folders", "3:30"),
        ("development_directories: true", "must be a folder, or a list of folders", "3:30"),
        ("development_directories: [a, [b]]", "must be a folder, or a list of folders", "3:34"),
        ("development_directories: ['a', null]", "must be a folder, or a list of folders", "3:36"),
        ('development_directories: "a\\0b"', "must be a folder, or a list of folders", "3:30"),
        ("development_directories: [~nosuchuser/x]", "must be a folder of a user that exists", "3:31"),
        ("allow_dev_plugins: 'false'", "must be true or false, not 'false'", "3:24"),
        ("allow_dev_plugins: 0", "must be true or false, not 0", "3:24"),
    ],
)
def test_a_value_that_cannot_be_meant_is_told_with_its_key_and_place(
    tmp_path: Path, line: str, message: str, place: str
) -> None:
    home = write(tmp_path, f"development:\n  plugins:\n    {line}\n")
    with pytest.raises(ConfigError, match=message) as error:
        read_development(home, {}, tmp_path)
    assert f"'development.plugins.{line.partition(':')[0]}'" in error.value.message
    assert error.value.place == f"{home.development_file}:{place}"


def test_debug_mode_is_true_or_false(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"'development\.debug_mode' must be true or false, not 'yes'"):
        read_development(write(tmp_path, "development:\n  debug_mode: 'yes'\n"), {}, tmp_path)


def test_a_file_without_a_mapping_is_told(tmp_path: Path) -> None:
    with pytest.raises(LocalAgentError, match="a mapping is needed"):
        read_development(write(tmp_path, "- a\n"), {}, tmp_path)


GUIDE = """\
development:
  debug_mode: true
  hot_reload: true
  verbose_logging: true
  plugins:
    allow_dev_plugins: true
    auto_reload: true
    development_directories: ["./dev-plugins"]
  workflow:
    enable_step_debugging: true
    save_intermediate_results: true
    detailed_error_traces: true
"""
SWITCHES = ("debug", "verbose", "hot_reload", "auto_reload", "step_debugging", "keeps_results", "detailed_traces")


def test_every_key_is_read_and_counts_while_the_mode_is_on(tmp_path: Path) -> None:
    home = write(tmp_path, GUIDE)
    found = read_development(home, {}, tmp_path)
    assert all(getattr(found, switch) for switch in SWITCHES)
    assert found.hints == ()
    off = read_development(home, {"LOCALAGENT_DEV_MODE": "false"}, tmp_path)
    assert not any(getattr(off, switch) for switch in SWITCHES)


@pytest.mark.parametrize("switch", SWITCHES)
def test_what_is_not_said_is_off(tmp_path: Path, switch: str) -> None:
    assert getattr(read_development(write(tmp_path, "development: {}\n"), {}, tmp_path), switch) is False


@pytest.mark.parametrize("key", ["plugins.auto_reload", "workflow.enable_step_debugging", "hot_reload"])
def test_every_switch_is_true_or_false(tmp_path: Path, key: str) -> None:
    *sections, name = key.split(".")
    text = (
        "development: " + "".join(f"{{{section}: " for section in sections) + f"{{{name}: maybe}}" + "}" * len(sections)
    )
    with pytest.raises(ConfigError, match=f"'development.{key}' must be true or false, not 'maybe'"):
        read_development(write(tmp_path, text), {}, tmp_path)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("develop: {}\n", ":1:1: 'develop' means nothing; did you mean 'development'?"),
        ("development:\n  hot_relaod: 1\n", ":2:3: 'development.hot_relaod' means nothing; did you mean 'hot_reload'?"),
        (
            "development:\n  auto_reload: 1\n",
            ":2:3: 'development.auto_reload' means nothing; it belongs at 'development.plugins.auto_reload'",
        ),
        (
            "development:\n  workflow: {zzz: 1}\n",
            (
                ":2:14: 'development.workflow.zzz' means nothing; known are "
                "enable_step_debugging, save_intermediate_results, detailed_error_traces"
            ),
        ),
    ],
)
def test_a_key_that_means_nothing_is_told_with_its_place_and_what_may_be_meant(
    tmp_path: Path, text: str, hint: str
) -> None:
    home = write(tmp_path, text)
    assert read_development(home, {}, tmp_path).hints == (f"{home.development_file}{hint}",)


def test_keys_of_the_users_own_are_free(tmp_path: Path) -> None:
    home = write(tmp_path, "x-mine: 1\ndevelopment: {x-mine: 1}\n")
    assert read_development(home, {}, tmp_path).hints == ()
