"""Faults 14 to 21: settings that cannot be read, do not fit, lead nowhere, or must not be shown."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from faults.told import BAD_MANIFEST, GOOD, assert_told, assert_works, make_bad
from localagent.plugins.secret import MASK
from plain import MakePlugin, Run, command_plugin

SCHEMA = '{"properties": {"size": {"type": "integer", "default": 1}, "api_key": {"type": "string"}}}'
SIZED = command_plugin("bad", command="print(self.config['size'])")


@pytest.fixture
def sized(localagent: Run, make_plugin: MakePlugin, home: Path) -> Run:
    """The command line with a plugin ``bad`` that prints a setting, and a healthy one."""
    make_bad(make_plugin, home, SIZED, config_schema__json=SCHEMA)
    return localagent


def test_fault_14_user_configuration_cannot_be_parsed(sized: Run, home: Path) -> None:
    file = home / "config.yaml"
    file.write_text("plugins: [unclosed\n")
    listed = sized("plugins", "list")
    assert_told(listed, 0, f"{file}:2:1", "recovery mode")
    assert listed.err.count("recovery mode") == 1
    assert sized("--help").code == 0
    assert_told(sized(GOOD), 2, f"{file}:2:1")
    assert_told(sized("config", "set", "a.b", "1"), 2, f"{file}:2:1")
    assert file.read_text() == "plugins: [unclosed\n"


def test_fault_15_section_of_one_plugin_is_invalid(sized: Run, home: Path) -> None:
    (home / "config.yaml").write_text(
        "plugins:\n  good: {enabled: true}\n  bad:\n    enabled: true\n    config:\n      size: many\n"
    )
    assert_told(sized("bad"), 3, f"{home / 'config.yaml'}:6:13", "'many' is not of type 'integer'")
    assert_works(sized)
    assert sized("plugins", "list").code == 0


def test_fault_16_variable_has_the_wrong_type_or_a_misspelt_name(sized: Run) -> None:
    wrong = sized("bad", env={"LOCALAGENT_BAD_SIZE": "many"})
    assert_told(wrong, 2, "LOCALAGENT_BAD_SIZE must be an integer, not 'many'")
    near = sized("bad", env={"LOCALAGENT_BAD_SIZ": "5"})
    assert_told(near, 0, "LOCALAGENT_BAD_SIZ names no setting of 'bad'; did you mean 'size'?")


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ('{"type": "nothing"}', "config_schema.json"),
        ('{"$ref": "http://127.0.0.1:9/schema.json"}', "http://127.0.0.1:9/schema.json"),
        ('{"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}}', "#/$defs/a"),
        ('{"properties": {"size": {"pattern": "^(a+)+$"}}}', "pattern"),
    ],
    ids=["invalid", "remote reference", "looping reference", "explosive pattern"],
)
def test_fault_17_schema_of_settings_is_unsound(
    schema: str, words: str, localagent: Run, make_plugin: MakePlugin, home: Path
) -> None:
    manifest = f"{BAD_MANIFEST}configuration:\n  schema_file: config_schema.json\n"
    files = {"config_schema__json": schema, "plugin-manifest__yaml": manifest}
    folder = make_bad(make_plugin, home, SIZED, **files)
    done = localagent("dev", "validate", folder, "--select", "LA4", "--strict")
    assert_told(done, 1, "[LA4", "config_schema.json:1:", words)
    assert_works(localagent)


def test_fault_17_a_pattern_that_never_ends_costs_a_second(
    localagent: Run, make_plugin: MakePlugin, home: Path
) -> None:
    schema = '{"properties": {"size": {"type": "string", "pattern": "^(a+)+$"}}}'
    make_bad(make_plugin, home, SIZED, config_schema__json=schema)
    fits, never_ends = "a" * 60, "a" * 60 + "!"
    assert_told(localagent("bad", env={"LOCALAGENT_BAD_SIZE": fits}), 0)
    told = localagent("bad", env={"LOCALAGENT_BAD_SIZE": never_ends})
    assert_told(told, 3, "^(a+)+$", "properties.size.pattern", "longer than 1 s", "localagent dev validate")
    assert never_ends not in told.text
    assert_works(localagent)


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({}, ("${env:KEY_A}", "KEY_A")),
        ({"KEY_A": "${env:KEY_B}", "KEY_B": "${env:KEY_A}"}, ("KEY_A", "KEY_B")),
    ],
    ids=["unset", "circle"],
)
def test_fault_18_reference_leads_nowhere(
    variables: dict[str, str], words: tuple[str, ...], localagent: Run, make_plugin: MakePlugin, home: Path
) -> None:
    manifest = f"{BAD_MANIFEST}permissions:\n  env: [KEY_A, KEY_B]\n"
    make_bad(make_plugin, home, SIZED, config_schema__json=SCHEMA, **{"plugin-manifest__yaml": manifest})
    (home / "bad.yaml").write_text("api_key: ${env:KEY_A}\n")
    assert_told(localagent("bad", env=variables), 2, *words)
    assert_works(localagent)


def test_fault_19_secret_in_plain_text(sized: Run, home: Path) -> None:
    sized("config", "set", "plugins.bad.config.api_key", "sk-secret-value")
    file = home / "config.yaml"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    shown = sized("config", "show")
    assert MASK in shown.out
    assert "sk-secret-value" not in shown.text
    file.chmod(0o644)
    assert_told(sized("doctor"), 0, str(file), "chmod 600")


def test_fault_20_configuration_is_a_link(sized: Run, home: Path, tmp_path: Path) -> None:
    """The mode becomes the owner's alone wherever the file lies, as it may hold secrets."""
    real, link = tmp_path / "dotfiles.yaml", home / "config.yaml"
    link.rename(real)
    link.symlink_to(real)
    assert sized("config", "set", "plugins.bad.config.size", "7").code == 0
    assert link.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o600
    assert sized("bad").out == "7\n"


def test_fault_20_configuration_is_a_folder(sized: Run, home: Path) -> None:
    """As a file that may not be read, which whoever runs tests as root cannot try."""
    (home / "config.yaml").unlink()
    (home / "config.yaml").mkdir()
    assert_told(sized("config", "set", "a.b", "1"), 5, f"{home / 'config.yaml'}")
    assert sized("plugins", "list").code == 0


def test_fault_21_configuration_of_a_newer_version(sized: Run, home: Path) -> None:
    file = home / "config.yaml"
    newer = "# mine\nversion: 99\nnew_thing: {deep: [1, 2]}  # why\nplugins:\n  bad: {enabled: true}  # yes\n"
    file.write_text(newer)
    assert sized("config", "set", "plugins.bad.config.size", "7").code == 0
    kept = file.read_text()
    assert all(line in kept for line in ("# mine", "version: 99", "new_thing: {deep: [1, 2]}  # why", "# yes"))
