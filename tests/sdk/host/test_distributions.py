"""Installed distributions that offer plugins, read from real folders."""

from __future__ import annotations

import importlib.metadata
import json
import string
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localagent.host.distributions import (
    GROUP_PREFIX,
    KIND_OF_GROUP,
    PluginEntry,
    Scan,
    normalise,
    parse_entry_points,
    scan,
)
from localagent.host.found import Unreadable

FILE = Path("entry_points.txt")
COMMAND = "[localagent.plugins.commands]\nhello = hello.plugin:Hello\n"
NAMES = st.text(string.ascii_letters + string.digits + "._- ", min_size=1, max_size=8).filter(
    lambda name: name == name.strip()
)
TARGETS = st.from_regex(r"[a-z_]{1,6}(\.[a-z_]{1,6})?:[A-Z][a-z]{0,5}", fullmatch=True)
GROUPS = st.sampled_from(
    [*(GROUP_PREFIX + group for group in KIND_OF_GROUP), "console_scripts", "localagent.plugins.x"]
)
TABLES = st.dictionaries(GROUPS, st.dictionaries(NAMES, TARGETS, max_size=3), max_size=4)


def install(
    folder: Path, name: str = "Hello_Plugin", *, entry_points: str | None = COMMAND, record: bool = True, **files: str
) -> Path:
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.4\nName: {name}\nVersion: 1.0\nSummary: It greets.\n\nLong.\n")
    if entry_points is not None:
        (info / "entry_points.txt").write_text(entry_points, encoding="utf-8")
    if record:
        (info / "RECORD").write_text("")
    for file, text in files.items():
        (info / file.replace("__", ".")).write_text(text)
    return info


def rendered(table: dict[str, dict[str, str]]) -> str:
    """A table as a build backend writes it."""
    return "\n".join(
        f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
        for group, entries in table.items()
    )


@given(TABLES)
def test_what_a_backend_renders_is_read_back(table: dict[str, dict[str, str]]) -> None:
    entries = parse_entry_points(rendered(table), FILE)
    assert not isinstance(entries, Unreadable)
    assert [(entry.kind, entry.name, entry.target) for entry in entries] == [
        (KIND_OF_GROUP[group.removeprefix(GROUP_PREFIX)], name, target)
        for group, named in table.items()
        if group.removeprefix(GROUP_PREFIX) in KIND_OF_GROUP
        for name, target in named.items()
    ]


@given(TABLES)
def test_each_entry_stands_in_the_line_it_names(table: dict[str, dict[str, str]]) -> None:
    text = rendered(table)
    entries = parse_entry_points(text, FILE)
    assert not isinstance(entries, Unreadable)
    for entry in entries:
        assert text.splitlines()[entry.line - 1] == f"{entry.name} = {entry.target}"


@settings(deadline=None, max_examples=50)
@given(TABLES)
def test_the_standard_library_reads_the_same(
    tmp_path_factory: pytest.TempPathFactory, table: dict[str, dict[str, str]]
) -> None:
    info = tmp_path_factory.getbasetemp() / "same-1.dist-info"
    info.mkdir(exist_ok=True)
    (info / "entry_points.txt").write_text(rendered(table))
    expected = {
        (entry.group, entry.name, entry.value)
        for entry in importlib.metadata.PathDistribution(info).entry_points
        if entry.group.removeprefix(GROUP_PREFIX) in KIND_OF_GROUP
    }
    entries = parse_entry_points(rendered(table), FILE)
    assert not isinstance(entries, Unreadable)
    groups = {kind: GROUP_PREFIX + group for group, kind in KIND_OF_GROUP.items()}
    assert {(groups[entry.kind], entry.name, entry.target) for entry in entries} == expected


def test_comments_blank_lines_and_extras_are_left_out() -> None:
    text = "# one\n\n; two\n [ localagent.plugins.ui ] \r\n  panel=a.b:C [fancy]\n"
    assert parse_entry_points(text, FILE) == (PluginEntry("ui", "panel", "a.b:C", 5),)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("hello = a:B\n", 1, "below a [group]"),
        ("[localagent.plugins.ui]\n\nhello\n", 3, "expected 'name = module:object'"),
        ("[other]\nnonsense\n", 2, "expected 'name = module:object'"),
        ("[localagent.plugins.ui\n", 1, "not closed"),
        ("[localagent.plugins.ui]\n= a:B\n", 2, "expected 'name = module:object'"),
        ("[localagent.plugins.ui]\nhello =\n", 2, "expected 'name = module:object'"),
        ("[localagent.plugins.ui]\nhello = [extra]\n", 2, "expected 'name = module:object'"),
    ],
)
def test_a_line_that_cannot_be_understood_is_told(text: str, line: int, reason: str) -> None:
    outcome = parse_entry_points(text, FILE)
    assert isinstance(outcome, Unreadable)
    assert (outcome.file, outcome.line) == (FILE, line)
    assert reason in outcome.reason


@given(st.text())
def test_any_text_is_read_or_told_to_be_unreadable(text: str) -> None:
    assert isinstance(parse_entry_points(text, FILE), tuple | Unreadable)


@pytest.mark.parametrize("name", ["Hello_Plugin", "hello.plugin", "hello-_-plugin", "HELLO-PLUGIN"])
def test_names_are_compared_normalised(name: str) -> None:
    assert normalise(name) == "hello-plugin"


@given(st.text("aB1-_.", max_size=8))
def test_a_normalised_name_stays_as_it_is(name: str) -> None:
    assert normalise(normalise(name)) == normalise(name)


def test_a_distribution_is_told_with_its_headers(tmp_path: Path) -> None:
    info = install(tmp_path)
    (found,) = scan([str(tmp_path)]).distributions
    assert (found.name, found.version, found.summary) == ("hello-plugin", "1.0", "It greets.")
    assert found.entries == (PluginEntry("command", "hello", "hello.plugin:Hello", 2),)
    assert found.info == info
    assert found.editable is None


def test_what_the_description_says_is_no_header(tmp_path: Path) -> None:
    info = install(tmp_path)
    (info / "METADATA").write_text("Name: hello\nVersion: 1.0\n\nVersion: 9.9\nName: other\n")
    (found,) = scan([str(tmp_path)]).distributions
    assert (found.name, found.version, found.summary) == ("hello", "1.0", "")


def test_an_egg_is_read_too_and_without_metadata_its_folder_gives_the_name(tmp_path: Path) -> None:
    egg, bare = tmp_path / "egg_plugin.egg-info", tmp_path / "bare_plugin-2.0.dist-info"
    for info in (egg, bare):
        info.mkdir()
        (info / "entry_points.txt").write_text(COMMAND)
    (egg / "PKG-INFO").write_text("Name: the-egg\nVersion: 3\n")
    found = {item.name: item.version for item in scan([str(tmp_path)]).distributions}
    assert found == {"the-egg": "3", "bare-plugin": ""}


def test_distributions_without_plugins_are_left_out(tmp_path: Path) -> None:
    install(tmp_path, "none", entry_points=None)
    install(tmp_path, "scripts", entry_points="[console_scripts]\nx = a:b\n")
    assert scan([str(tmp_path)]) == Scan((), (), (str(tmp_path),))


def test_a_file_in_place_of_a_distributions_folder_is_none(tmp_path: Path) -> None:
    (tmp_path / "loose.dist-info").write_text("")
    found = scan([str(tmp_path)])
    assert found.distributions == ()
    assert found.unreadable == ()


def test_the_first_of_a_name_wins_as_in_imports(tmp_path: Path) -> None:
    install(tmp_path / "late", "hello-plugin")
    first = install(tmp_path / "early", "Hello.Plugin")
    found = scan([str(tmp_path / "early"), str(tmp_path / "late"), str(tmp_path / "early")])
    assert [item.info for item in found.distributions] == [first]
    assert found.rests_on == (str(tmp_path / "early"), str(tmp_path / "late"))


@pytest.mark.parametrize(
    ("content", "line", "reason"),
    [(b"[x]\n\xff", None, "not UTF-8 at byte 4"), (b"torn", 1, "expected"), (None, None, "Is a directory")],
    ids=["encoding", "form", "folder"],
)
def test_an_unreadable_distribution_costs_only_itself(
    tmp_path: Path, content: bytes | None, line: int | None, reason: str
) -> None:
    good = install(tmp_path, "good")
    bad = install(tmp_path, "bad", entry_points=None)
    file = bad / "entry_points.txt"
    if content is None:
        file.mkdir()
    else:
        file.write_bytes(content)
    found = scan([str(tmp_path)])
    assert [item.info for item in found.distributions] == [good]
    assert [(item.file, item.line) for item in found.unreadable] == [(file, line)]
    assert reason in found.unreadable[0].reason
    assert {str(bad), str(file)} <= set(found.rests_on), "it may be mended in place"


def test_folders_that_hold_nothing_are_passed_over_and_watched(tmp_path: Path) -> None:
    (tmp_path / "archive.zip").write_bytes(b"PK")
    folders = (str(tmp_path / "absent"), str(tmp_path / "archive.zip"))
    assert scan(folders) == Scan((), (), folders)


def test_an_editable_install_names_its_source_and_is_watched(tmp_path: Path) -> None:
    source = tmp_path / "my source"
    record = json.dumps({"url": source.as_uri(), "dir_info": {"editable": True}})
    info = install(tmp_path / "site", direct_url__json=record)
    found = scan([str(tmp_path / "site")])
    assert found.distributions[0].editable == source
    assert set(found.rests_on) == {str(tmp_path / "site"), str(info), str(info / "entry_points.txt")}


@pytest.mark.parametrize(
    "record",
    [
        "{",
        "{}",
        "[]",
        "[" * 100_000,
        '{"url": "file:///x"}',
        '{"url": "file:///x", "dir_info": {}}',
        '{"url": "file:///x", "dir_info": null}',
        '{"dir_info": {"editable": false}}',
        '{"dir_info": {"editable": true}}',
        '{"dir_info": {"editable": true}, "url": 5}',
        '{"dir_info": {"editable": true}, "url": "file:///a%00b"}',
        '{"dir_info": {"editable": true}, "url": "http://[x"}',
    ],
)
def test_other_installs_name_no_source(tmp_path: Path, record: str) -> None:
    install(tmp_path, direct_url__json=record)
    assert scan([str(tmp_path)]).distributions[0].editable is None


def test_a_distribution_that_may_be_half_way_in_is_watched(tmp_path: Path) -> None:
    whole, half = install(tmp_path, "whole"), install(tmp_path, "half", record=False)
    rests_on = scan([str(tmp_path)]).rests_on
    assert str(half) in rests_on
    assert str(whole) not in rests_on
