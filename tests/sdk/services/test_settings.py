"""The user's settings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from localagent.errors import ConfigError, ManifestError
from localagent.services.given import Given
from localagent.services.home import Home
from localagent.services.settings import Settings, read_mapping

SCHEMA = {
    "type": "object",
    "properties": {
        "size": {"type": "integer", "default": 1},
        "style": {
            "type": "object",
            "properties": {"colour": {"default": "red"}, "bold": {"type": "boolean", "default": False}},
        },
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
    with pytest.raises(ConfigError, match="LOCALAGENT_MY_PLUGIN_SIZE must be an integer, not 'many'") as error:
        settings.merged("my-plugin")
    assert error.value.plugin == "my-plugin"
    assert error.value.fix == "correct or unset LOCALAGENT_MY_PLUGIN_SIZE"


def test_names_that_are_known_elsewhere_take_their_variables(files: Home) -> None:
    settings = Settings(files, {"LOCALAGENT_FOO_BAR_X": "1"})
    settings.plugin_names = lambda: ["foo", "foo-bar"]
    assert settings.merged("foo") == {}


def test_nobody_is_asked_for_names_where_there_is_no_variable(files: Home) -> None:
    settings = Settings(files, {"LOCALAGENT_HOME": "x"})
    asked: list[str] = []

    def names() -> list[str]:
        asked.append("asked")
        return []

    settings.plugin_names = names
    assert settings.merged("foo") == {}
    assert asked == []


GIVEN = (Given("p", ("size",), "9"), Given("p", ("style", "bold"), "yes"), Given("q", ("x",), "1"))


def test_the_command_line_counts_before_everything(files: Home) -> None:
    files.settings_file("p").write_text("size: 3\nstyle: {colour: blue}\n")
    settings = Settings(files, {"LOCALAGENT_P_SIZE": "4"}, given=GIVEN)
    settings.declare_schema("p", SCHEMA)
    assert settings.merged("p") == {"size": 9, "style": {"colour": "blue", "bold": True}}


@pytest.mark.parametrize(
    ("text", "value"),
    [("5", 5), ("[1]", [1]), ("true", True), ("text", "text"), ("", ""), ("[" * 9_999, "[" * 9_999)],
)
def test_what_no_schema_declares_is_json_or_text_on_the_command_line(files: Home, text: str, value: object) -> None:
    settings = Settings(files, {}, given=[Given("p", ("a", "b"), text)])
    assert settings.merged("p") == {"a": {"b": value}}


def test_every_value_knows_its_origin(files: Home) -> None:
    files.config_file.write_text("plugins:\n  p:\n    config:\n      size: 2\n      kept: 1\n")
    files.settings_file("p").write_text("# mine\nown: {deep: 1}\n")
    settings = Settings(files, {"LOCALAGENT_P_SIZE": "4"}, given=[Given("p", ("style", "bold"), "on")])
    settings.declare_schema("p", SCHEMA)
    found = {".".join(map(str, path)): str(origin) for path, _, origin in settings.read("p").layered.leaves()}
    assert found == {
        "size": "environment LOCALAGENT_P_SIZE",
        "style.colour": "default",
        "style.bold": "command line --set p.style.bold",
        "kept": f"{files.config_file}:5:13",
        "own.deep": f"{files.settings_file('p')}:2:13",
    }


def test_everything_that_is_wrong_is_told_at_once_each_with_its_place(files: Home) -> None:
    files.config_file.write_text("plugins:\n  p:\n    config:\n      style: {bold: perhaps, colour: [1]}\n")
    files.settings_file("p").write_text("names:\n  - a\n  - 5\n")
    schema = {
        "properties": {
            "size": {"type": "integer"},
            "count": {"type": "integer", "maximum": 3},
            "names": {"type": "array", "items": {"type": "string"}},
            "style": {"properties": {"bold": {"type": "boolean"}, "colour": {"type": "string"}}},
        },
        "required": ["url"],
    }
    settings = Settings(files, {"LOCALAGENT_P_SIZE": "many", "LOCALAGENT_P_COUNT": "5"})
    settings.declare_schema("p", schema)
    reading = settings.read("p")
    config, own = files.config_file, files.settings_file("p")
    assert list(map(str, reading.findings())) == [
        "LOCALAGENT_P_SIZE must be an integer, not 'many'",
        "/: 'url' is a required property",
        "/count: 5 is greater than the maximum of 3 (environment LOCALAGENT_P_COUNT)",
        f"/names/1: 5 is not of type 'string' ({own}:3:5)",
        f"/style/bold: 'perhaps' is not of type 'boolean' ({config}:4:21)",
        f"/style/colour: [1] is not of type 'string' ({config}:4:38)",
    ]
    with pytest.raises(ConfigError, match="'many'; /: 'url' is a required property; /count: 5") as error:
        reading.require(reading.findings())
    assert error.value.place == f"{own}:3:5"
    assert error.value.fix == (
        f"correct or unset LOCALAGENT_P_SIZE, LOCALAGENT_P_COUNT; correct or remove it in {own}, {config}"
    )


def test_a_setting_that_does_not_exist_is_told_with_its_place_and_the_one_that_was_meant(files: Home) -> None:
    files.settings_file("p").write_text("size: 1\nsixe: 2\nstyle:\n  bald: true\nx-own: 1\n")
    style = {"properties": {"bold": {"type": "boolean"}}, "additionalProperties": False}
    schema: dict[str, Any] = {
        "properties": {"size": {"type": "integer"}, "style": style},
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
    }
    settings = Settings(files, {"LOCALAGENT_P_FAR": "5"}, given=[Given("p", ("size_",), "1")])
    settings.declare_schema("p", schema)
    own = files.settings_file("p")
    assert list(map(str, settings.read("p").findings())) == [
        "/far: there is no such setting (environment LOCALAGENT_P_FAR)",
        f"/sixe: there is no such setting, did you mean 'size'? ({own}:2:7)",
        "/size_: there is no such setting, did you mean 'size'? (command line --set p.size_)",
        f"/style/bald: there is no such setting, did you mean 'bold'? ({own}:4:9)",
    ]


def test_a_single_finding_has_its_place_once(files: Home) -> None:
    files.settings_file("p").write_text("size: x\n")
    settings = Settings(files, {})
    settings.declare_schema("p", SCHEMA)
    with pytest.raises(ConfigError) as error:
        settings.snapshot("p")
    assert error.value.message == "/size: 'x' is not of type 'integer'"
    assert error.value.place == f"{files.settings_file('p')}:1:7"
    assert error.value.fix == f"correct or remove it in {files.settings_file('p')}"


def test_a_variable_that_is_nearly_a_settings_name_is_told(files: Home) -> None:
    settings = Settings(files, {"LOCALAGENT_P_SIZ": "3", "LOCALAGENT_P_OTHER": "3"})
    settings.declare_schema("p", SCHEMA)
    assert settings.read("p").hints == ("LOCALAGENT_P_SIZ names no setting of 'p'; did you mean 'size'?",)


def test_what_is_not_valid_never_replaces_what_is(files: Home) -> None:
    file = files.settings_file("p")
    file.write_text("size: 3\n")
    settings = Settings(files, {})
    settings.declare_schema("p", SCHEMA)
    first = settings.snapshot("p")
    for text in ("size: x\n", "size: [1\n", "- size\n"):
        file.write_text(text)
        judgement = settings.judge("p")
        assert judgement.snapshot is first
        assert judgement.problem is not None
        assert judgement.problem.file == file
        assert settings.plugins["p"]["config"]["size"] == 3
    file.write_text("size: 4\n")
    assert settings.judge("p").problem is None
    assert settings.snapshot("p")["size"] == settings.plugins["p"]["config"]["size"] == 4
    assert settings.snapshot("p").changed == {"size"}


@pytest.mark.parametrize("text", ["plugins:\n  p:\n    config: [a]\n", "plugins: 3\n", "plugins: [1\n"])
def test_a_configuration_that_breaks_later_leaves_the_settings_as_they_were(files: Home, text: str) -> None:
    files.config_file.write_text("plugins:\n  p:\n    config: {size: 2}\n")
    settings = Settings(files, {})
    settings.declare_schema("p", SCHEMA)
    before = settings.snapshot("p")
    files.config_file.write_text(text)
    assert settings.snapshot("p") is before
    assert settings.judge("p").problem is not None


def test_a_file_that_becomes_a_folder_is_a_problem_and_no_crash(files: Home) -> None:
    settings = Settings(files, {})
    before = settings.snapshot("p")
    files.settings_file("p").mkdir()
    assert settings.snapshot("p") is before
    assert settings.judge("p").problem is not None


def test_the_same_content_gives_the_same_snapshot(files: Home) -> None:
    settings = Settings(files, {})
    first = settings.snapshot("p")
    assert settings.snapshot("p") is first
    files.settings_file("p").write_text("size: 1\n")
    second = settings.snapshot("p")
    files.settings_file("p").write_text("size: 2\n")
    assert settings.snapshot("p")["size"] == 2, "a change of the same length within a tick of the clock is one"
    assert second == {"size": 1}


def test_a_snapshot_that_is_kept_counts_until_the_files_change(files: Home) -> None:
    settings = Settings(files, {})
    before = settings.snapshot("p")
    files.settings_file("p").write_text("size: 1\n")
    settings.keep("p", before)
    assert settings.snapshot("p") is before
    files.settings_file("p").write_text("size: 2\n")
    assert settings.snapshot("p") == {"size": 2}


def test_the_whole_configuration_knows_its_places(files: Home) -> None:
    files.config_file.write_text("a: 1\nplugins:\n  p: {enabled: true}\n")
    found = [(path, value, str(origin)) for path, value, origin in Settings(files, {}).whole().leaves()]
    assert found == [
        (("a",), 1, f"{files.config_file}:1:4"),
        (("plugins", "p", "enabled"), True, f"{files.config_file}:3:16"),
    ]


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
