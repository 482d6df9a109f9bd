"""What preflights learned."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.host.fingerprints import fingerprint
from localagent.host.records import Cost, Record, find_record, keep_records, read_records
from localagent.host.spec import CommandHelp, Flaw, PluginSpec, Source, SourceKind
from localagent.services.files import write_json
from localagent.services.home import Home

WORDS = st.text(max_size=5)
TUPLES = st.lists(WORDS, max_size=3).map(tuple)
RECORDS = st.builds(
    Record,
    commands=st.none() | st.lists(st.builds(CommandHelp, WORDS, WORDS), max_size=2).map(tuple),
    dependencies=TUPLES,
    is_provider=st.booleans(),
    components=TUPLES,
    parts=TUPLES,
    failure=st.none() | st.builds(Flaw, WORDS, WORDS, WORDS, WORDS),
    costs=st.lists(st.builds(Cost, st.text(max_size=5), st.floats(0, 60), st.integers(0)), max_size=2).map(tuple),
)
RECORD = Record(commands=(CommandHelp("greet", "Greet somebody."),), dependencies=("other",))


@pytest.fixture
def spec(tmp_path: Path) -> PluginSpec:
    folder = tmp_path / "hello"
    folder.mkdir()
    for name in ("plugin.py", "plugin-manifest.yaml"):
        (folder / name).write_text("old")
    return PluginSpec(
        "hello",
        "command",
        "plugin:Hello",
        Source(SourceKind.HOME, folder),
        version="1.0",
        module_file=folder / "plugin.py",
        manifest_file=folder / "plugin-manifest.yaml",
    )


@pytest.fixture
def kept_in(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@given(RECORDS)
def test_a_record_comes_back_from_its_dict(record: Record) -> None:
    assert Record.from_dict(record.to_dict()) == record


def test_a_record_is_found_while_nothing_changed(kept_in: Home, spec: PluginSpec) -> None:
    keep_records(kept_in, {spec: RECORD})
    assert find_record(read_records(kept_in), spec) == RECORD


@pytest.mark.parametrize("name", ["plugin.py", "plugin-manifest.yaml"])
@pytest.mark.parametrize("how", ["written", "touched", "removed"])
def test_a_record_ends_with_a_change_of_its_files(kept_in: Home, spec: PluginSpec, name: str, how: str) -> None:
    keep_records(kept_in, {spec: RECORD})
    file = spec.source.root / name
    match how:
        case "written":
            file.write_text("new and longer")
        case "touched":
            os.utime(file, (1, 1))
        case _:
            file.unlink()
    assert find_record(read_records(kept_in), spec) is None


def test_a_record_is_that_of_one_source_entry_and_version(kept_in: Home, spec: PluginSpec, tmp_path: Path) -> None:
    keep_records(kept_in, {spec: RECORD})
    others = [
        replace(spec, name="other"),
        replace(spec, version="1.1"),
        replace(spec, target="plugin:Other"),
        replace(spec, source=Source(SourceKind.HOME, tmp_path)),
        replace(spec, manifest_file=None),
    ]
    assert [find_record(read_records(kept_in), other) for other in others] == [None] * len(others)


def test_a_plugin_without_known_files_has_a_fingerprint_too(spec: PluginSpec) -> None:
    bare = replace(spec, module_file=None, manifest_file=None)
    assert fingerprint(bare)[1:] == [[f"path:{spec.source.root}"], "plugin:Hello", "1.0"]


def test_new_records_stand_beside_those_of_other_plugins(kept_in: Home, spec: PluginSpec) -> None:
    other = replace(spec, name="other")
    failed = Record(failure=Flaw("import", "no"))
    keep_records(kept_in, {spec: RECORD})
    keep_records(kept_in, {other: RECORD})
    keep_records(kept_in, {spec: failed})
    kept = read_records(kept_in)
    assert (find_record(kept, spec), find_record(kept, other)) == (failed, RECORD)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '"text"', "\x00", "[" * 100_000])
def test_a_damaged_file_counts_as_empty_and_is_mended(kept_in: Home, spec: PluginSpec, text: str) -> None:
    kept_in.records_file.parent.mkdir(parents=True)
    kept_in.records_file.write_text(text)
    assert read_records(kept_in) == {}
    keep_records(kept_in, {spec: RECORD})
    assert find_record(read_records(kept_in), spec) == RECORD


def test_a_folder_in_place_of_the_file_counts_as_empty(kept_in: Home) -> None:
    kept_in.records_file.mkdir(parents=True)
    assert read_records(kept_in) == {}


@pytest.mark.parametrize(
    "entry", [5, [], "text", None, {"a": 1}, {"fingerprint": None}, {"fingerprint": {}, "record": 1}]
)
def test_an_entry_of_another_shape_counts_as_absent(spec: PluginSpec, entry: object) -> None:
    assert find_record({"hello": entry}, spec) is None


@pytest.mark.parametrize(
    "changes",
    [
        {"commands": 5},
        {"commands": [5]},
        {"commands": [{"name": 5}]},
        {"commands": [{"title": "a"}]},
        {"dependencies": None},
        {"dependencies": [5]},
        {"is_provider": 1},
        {"components": 1.5},
        {"parts": None},
        {"failure": "no"},
        {"failure": {"step": "import"}},
        {"costs": None},
        {"costs": [{"step": "import", "seconds": "long", "memory": 0}]},
    ],
)
def test_a_record_of_another_shape_counts_as_absent(spec: PluginSpec, changes: dict[str, object]) -> None:
    entry = {"fingerprint": fingerprint(spec), "record": RECORD.to_dict()}
    assert find_record({"hello": entry}, spec) == RECORD
    assert find_record({"hello": entry | {"record": RECORD.to_dict() | changes}}, spec) is None
    assert find_record({"hello": entry | {"record": changes}}, spec) is None


def test_an_empty_entry_is_none(kept_in: Home, spec: PluginSpec) -> None:
    write_json(kept_in.records_file, {"hello": {}})
    assert find_record(read_records(kept_in), spec) is None


def test_without_a_file_there_are_no_records(kept_in: Home) -> None:
    assert read_records(kept_in) == {}
    assert not kept_in.path.exists()
