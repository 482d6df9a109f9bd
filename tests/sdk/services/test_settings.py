"""The user's settings."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from localagent.errors import ConfigError, ManifestError
from localagent.services.home import Home
from localagent.services.settings import Settings, read_mapping

SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "default": 1},
        "style": {"type": "object", "properties": {"colour": {"default": "red"}, "bold": {"default": False}}},
    },
}


@pytest.fixture
def files(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    home.path.mkdir()
    return home


def test_later_layers_win_key_by_key(files: Home) -> None:
    files.config_file.write_text("plugins:\n  p:\n    config: {size: 2, style: {colour: blue}, kept: 1}\n")
    files.settings_file("p").write_text("size: 3\n")
    environ = {"LOCALAGENT_P_SIZE": "4", "LOCALAGENT_P_STYLE": '{"bold": true}', "LOCALAGENT_Q_SIZE": "5"}
    settings = Settings(files, environ)
    settings.declare_schema("p", SCHEMA)
    assert settings.merged("p") == {"size": 4, "style": {"colour": "blue", "bold": True}, "kept": 1}


@pytest.mark.parametrize(
    ("layers", "size"), [((), 1), (("config",), 2), (("file",), 3), (("environment",), 4), (("config", "file"), 3)]
)
def test_each_layer_counts_where_no_later_one_speaks(files: Home, layers: tuple[str, ...], size: int) -> None:
    if "config" in layers:
        files.config_file.write_text("plugins:\n  p:\n    config: {size: 2}\n")
    if "file" in layers:
        files.settings_file("p").write_text("size: 3\n")
    settings = Settings(files, {"LOCALAGENT_P_SIZE": "4"} if "environment" in layers else {})
    settings.declare_schema("p", SCHEMA)
    assert settings.merged("p")["size"] == size


def test_without_a_schema_the_environment_gives_text(files: Home) -> None:
    assert Settings(files, {"LOCALAGENT_P_SIZE": "4", "LOCALAGENT_P_": "x"}).merged("p") == {"size": "4"}


def test_the_environment_is_that_of_the_process_by_default(files: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALAGENT_P_SIZE", "4")
    settings = Settings(files)
    assert settings.merged("p") == {"size": "4"}
    monkeypatch.setenv("LOCALAGENT_P_SIZE", "5")
    assert settings.merged("p") == {"size": "4"}
    assert os.environ["LOCALAGENT_P_SIZE"] == "5"


def test_a_variable_belongs_to_the_plugin_with_the_longest_name(files: Home) -> None:
    settings = Settings(files, {"LOCALAGENT_FOO_BAR_X": "1", "LOCALAGENT_FOO_Y": "2"})
    settings.declare_schema("foo", None)
    assert settings.merged("foo") == {"bar_x": "1", "y": "2"}
    settings.declare_schema("foo-bar", None)
    assert settings.merged("foo") == {"y": "2"}
    assert settings.merged("foo-bar") == {"x": "1"}


def test_a_variable_reaches_a_setting_of_mixed_case_and_of_any_type(files: Home) -> None:
    settings = Settings(files, {"LOCALAGENT_P_MAXTOKENS": "5", "LOCALAGENT_P_FREE": "5"})
    settings.declare_schema("p", {"properties": {"maxTokens": {"type": ["integer", "null"]}, "free": True}})
    assert settings.merged("p") == {"maxTokens": 5, "free": "5"}


def test_a_variable_that_does_not_fit_is_told_with_its_name(files: Home) -> None:
    settings = Settings(files, {"LOCALAGENT_MY_PLUGIN_SIZE": "many"})
    settings.declare_schema("my-plugin", SCHEMA)
    with pytest.raises(ConfigError, match=r"LOCALAGENT_MY_PLUGIN_SIZE: .*'size' must be of type integer") as error:
        settings.merged("my-plugin")
    assert error.value.plugin == "my-plugin"
    assert error.value.fix == "correct or unset LOCALAGENT_MY_PLUGIN_SIZE"


def test_every_look_gives_a_plain_dict_of_its_own(files: Home) -> None:
    files.config_file.write_text("plugins:\n  p:\n    config: {style: {colour: blue}}\n")
    settings = Settings(files, {})
    first = settings.plugins["p"]["config"]
    first["style"]["colour"] = "green"
    second = settings.plugins["p"]["config"]
    assert second == {"style": {"colour": "blue"}}
    assert type(second) is type(second["style"]) is dict


def test_plugins_are_those_with_a_section_or_a_schema_in_order(files: Home) -> None:
    files.config_file.write_text("plugins:\n  q: {enabled: false}\n  n:\n")
    settings = Settings(files, {})
    settings.declare_schema("p", SCHEMA)
    assert list(settings.plugins) == ["n", "p", "q"]
    assert len(settings.plugins) == 3
    assert settings.plugins["q"] == {"enabled": False, "config": {}}
    assert settings.plugins["p"]["enabled"] is True
    assert "other" not in settings.plugins
    with pytest.raises(KeyError, match="other"):
        settings.plugins["other"]


def test_only_what_was_said_of_enabling_is_told(files: Home) -> None:
    files.config_file.write_text("plugins:\n  a: {enabled: true}\n  b: {enabled: false}\n  c: {config: {}}\n  d:\n")
    assert Settings(files, {}).enabled_flags() == {"a": True, "b": False}


@pytest.mark.parametrize("present", [None, "", "# nothing yet\n", "other: 1\n", "plugins:\n"])
def test_a_configuration_without_plugins_is_no_problem(files: Home, present: str | None) -> None:
    if present is not None:
        files.config_file.write_text(present)
    settings = Settings(files, {})
    assert settings.problem is None
    assert settings.enabled_flags() == {}
    assert settings.known_plugins() == frozenset()


@pytest.mark.parametrize(
    "text",
    [
        "plugins: hello\n",
        "plugins: [hello]\n",
        "plugins: []\n",
        "plugins: false\n",
        "plugins: {hello: false}\n",
        "plugins: {hello: 0}\n",
        "plugins: {hello: {config: ''}}\n",
        "plugins: {hello: yes please}\n",
        "plugins: {hello: {enabled: maybe}}\n",
        "plugins: {hello: {enabled: null}}\n",
        "plugins: {hello: {config: [a]}}\n",
        "plugins: {hello: {config: {}, enabled: 1}}\n",
    ],
)
def test_sections_of_a_wrong_shape_are_a_problem_that_names_the_file(files: Home, text: str) -> None:
    files.config_file.write_text(text)
    settings = Settings(files, {})
    assert isinstance(settings.problem, ConfigError)
    assert settings.problem.file == files.config_file
    assert settings.user == {}


@pytest.mark.parametrize("text", ["a: [1\n", "- a\n", "a: 1\na: 2\n"])
def test_an_unreadable_configuration_is_a_problem_and_no_crash(files: Home, text: str) -> None:
    files.config_file.write_text(text)
    settings = Settings(files, {})
    assert isinstance(settings.problem, ManifestError)
    assert settings.user == {}
    assert settings.merged("p") == {}


def test_a_damaged_settings_file_is_told_when_that_plugin_is_asked_for(files: Home) -> None:
    files.settings_file("p").write_text("a: [1\n")
    settings = Settings(files, {})
    assert settings.problem is None
    assert settings.merged("q") == {}
    with pytest.raises(ManifestError) as error:
        settings.merged("p")
    assert error.value.file == files.settings_file("p")


def test_a_file_that_is_absent_is_an_empty_mapping(tmp_path: Path) -> None:
    assert read_mapping(tmp_path / "absent.yaml") == {}


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "---\n"])
def test_a_file_without_content_is_an_empty_mapping(tmp_path: Path, text: str) -> None:
    (tmp_path / "empty.yaml").write_text(text)
    assert read_mapping(tmp_path / "empty.yaml") == {}
