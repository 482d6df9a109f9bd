"""Changes to a YAML file that keep what the user wrote."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localagent.errors import ConfigError, LocalAgentError, ManifestError, UsageError
from localagent.services.config_file import set_value, unset_value
from localagent.services.settings import read_mapping

WRITTEN = """\
# Mine; do not touch.
plugins:
  hello:
    enabled: true   # since Monday
    config:
      greeting: "good morning"
      names:
        - Ann
        - Bob

other: 'kept'
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "config.yaml"
    file.write_text(WRITTEN, encoding="utf-8")
    return file


def test_a_change_leaves_every_other_line_as_it_was(file: Path) -> None:
    set_value(file, ("plugins", "hello", "enabled"), value=False)
    assert file.read_text(encoding="utf-8") == WRITTEN.replace("true   #", "false  #")


def test_mappings_on_the_way_are_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "config.yaml"
    set_value(file, ("plugins", "hello", "config", "size"), 3)
    assert file.read_text(encoding="utf-8") == "plugins:\n  hello:\n    config:\n      size: 3\n"


def test_an_empty_mapping_on_the_way_is_filled(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("plugins:\nother: 1\n", encoding="utf-8")
    set_value(file, ("plugins", "hello"), 3)
    assert read_mapping(file) == {"plugins": {"hello": 3}, "other": 1}


def test_what_was_set_is_unset_without_a_trace(file: Path) -> None:
    set_value(file, ("plugins", "new", "config", "size"), 3)
    assert read_mapping(file)["plugins"]["new"] == {"config": {"size": 3}}
    unset_value(file, ("plugins", "new", "config", "size"))
    assert file.read_text(encoding="utf-8") == WRITTEN


def test_unsetting_keeps_what_stands_beside_it(file: Path) -> None:
    unset_value(file, ("plugins", "hello", "enabled"))
    assert list(read_mapping(file)["plugins"]["hello"]) == ["config"]
    assert "# Mine; do not touch." in file.read_text(encoding="utf-8")


def test_what_is_unset_is_told_by_its_place_and_not_by_its_name(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("plugins:\n  enabled:\n    enabled: true\n    config:\n      a: 1\n")
    unset_value(file, ("plugins", "enabled", "enabled"))
    assert file.read_text() == "plugins:\n  enabled:\n    config:\n      a: 1\n"


def test_comments_outlive_the_last_value(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("# One.\n\n# Two.\na:\n  # Three.\n  b: 1\n")
    unset_value(file, ("a", "b"))
    assert file.read_text() == "# One.\n\n# Two.\n# Three.\n"
    set_value(file, ("c",), 1)
    assert file.read_text() == "# One.\n\n# Two.\n# Three.\nc: 1\n"


@pytest.mark.parametrize("text", ["{}\n", "---\n", "null\n"])
def test_a_file_that_says_nothing_is_written_anew(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    set_value(file, ("a",), 1)
    assert file.read_text() == "a: 1\n"


@pytest.mark.parametrize(
    "text",
    [
        f"a: {'word ' * 40}end\n",
        f'a: "{"word " * 40}"\n',
        "a:\n    b: 1\n    c:\n    - x\n",
        "a:\n    b: 1\n    c:\n        - x\n",
        "a:\n  c:\n  - x\n  - y: 1\n    z: 2\n",
        "a:\n  c:\n    - x\n",
    ],
)
def test_long_lines_and_the_files_own_indentation_stay(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text)
    set_value(file, ("z",), 1)
    assert file.read_text() == f"{text}z: 1\n"


@pytest.mark.parametrize("value", [10**20, float("inf"), float("nan"), "a\x85b", "\ud800", (1,)])
def test_a_value_that_would_be_read_as_another_is_refused(file: Path, value: object) -> None:
    with pytest.raises(ConfigError) as error:
        set_value(file, ("other",), value)
    assert error.value.file == file
    assert file.read_text(encoding="utf-8") == WRITTEN


def test_a_file_that_cannot_be_rewritten_with_its_comments_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text("a: 2024-13-45\n")
    with pytest.raises(ConfigError, match=r"month must be in 1\.\.12") as error:
        set_value(file, ("b",), 1)
    assert error.value.file == file
    assert file.read_text() == "a: 2024-13-45\n"


def test_a_file_whose_last_value_went_can_be_read_and_set_anew(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    set_value(file, ("plugins", "hello"), 1)
    unset_value(file, ("plugins", "hello"))
    assert read_mapping(file) == {}
    set_value(file, ("plugins", "hello"), 2)
    assert read_mapping(file) == {"plugins": {"hello": 2}}


@pytest.mark.parametrize("path", [("absent",), ("plugins", "absent", "enabled"), ("plugins", "hello", "absent")])
def test_unsetting_what_is_not_set_is_told_and_changes_nothing(file: Path, path: tuple[str, ...]) -> None:
    with pytest.raises(UsageError, match="'absent' is not set") as error:
        unset_value(file, path)
    assert error.value.fix == "localagent config show"
    assert file.read_text(encoding="utf-8") == WRITTEN


@pytest.mark.parametrize("change", [lambda file, path: set_value(file, path, 1), unset_value], ids=["set", "unset"])
def test_nothing_goes_below_a_single_value(file: Path, change: object) -> None:
    assert callable(change)
    with pytest.raises(ConfigError, match="'other' holds a single value") as error:
        change(file, ("other", "deeper"))
    assert error.value.file == file
    assert file.read_text(encoding="utf-8") == WRITTEN


@pytest.mark.parametrize("text", ["a: [1\n", "- a\n", "a: 1\na: 2\n", "a: &x 1\n"])
def test_what_cannot_be_read_strictly_is_not_rewritten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(ManifestError):
        set_value(file, ("b",), 1)
    assert file.read_text(encoding="utf-8") == text


def test_changes_of_several_writers_are_all_kept(tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    names = [f"plugin-{number}" for number in range(8)]
    writers = [threading.Thread(target=set_value, args=(file, ("plugins", name), 1)) for name in names]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert read_mapping(file) == {"plugins": dict.fromkeys(names, 1)}
    assert [path for path in tmp_path.iterdir() if path.suffix != ".lock"] == [file]


KEYS = st.text("abcdefghij-", min_size=1, max_size=6).filter(lambda key: key[0] != "-")
VALUES = (
    st.booleans()
    | st.integers(-(10**9), 10**9)
    | st.integers(-(10**6), 10**6).map(lambda number: number / 64)
    | st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
    | st.lists(st.integers(0, 9), max_size=3)
)


@settings(deadline=None, max_examples=40)
@given(st.lists(KEYS, min_size=1, max_size=3), VALUES)
def test_what_is_set_is_read_back(tmp_path_factory: pytest.TempPathFactory, path: list[str], value: object) -> None:
    file = tmp_path_factory.getbasetemp() / "set-and-read.yaml"
    file.write_text("zz: 1\n", encoding="utf-8")
    set_value(file, path, value)
    found: object = read_mapping(file)
    for key in path:
        assert isinstance(found, dict)
        found = found[key]
    assert found == value


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(KEYS, st.booleans()), min_size=1, max_size=6))
def test_the_file_can_be_read_after_any_changes(
    tmp_path_factory: pytest.TempPathFactory, changes: list[tuple[str, bool]]
) -> None:
    file = tmp_path_factory.getbasetemp() / "changes.yaml"
    file.write_text("zz: 1\n", encoding="utf-8")
    expected: dict[str, object] = {"zz": 1}
    for key, removes in changes:
        if not removes:
            set_value(file, (key,), 1)
            expected[key] = 1
        elif expected.pop(key, None) is not None:
            unset_value(file, (key,))
        else:
            with pytest.raises(LocalAgentError):
                unset_value(file, (key,))
        assert read_mapping(file) == expected
