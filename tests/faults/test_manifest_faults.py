"""Faults 1 to 13: a manifest that is no manifest. A plugin with one is off, and the others are not."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from faults.told import BAD_MANIFEST, GOOD, Finding, assert_told, assert_works, enable, findings, make_bad
from plain import GREETER_MANIFEST, MakePlugin, Run, command_plugin

WHOLE = GREETER_MANIFEST


def only(told: dict[str, list[Finding]]) -> dict[str, Finding]:
    """The one finding of each file; each has a place and a way out."""
    assert {name: len(each) for name, each in told.items()} == dict.fromkeys(told, 1), told
    assert all(each[0].line >= 1 and each[0].column >= 1 and each[0].fix for each in told.values())
    return {name: each[0] for name, each in told.items()}


@pytest.mark.parametrize("text", ["", "null\n", "- a\n", "text\n"], ids=["empty", "null", "list", "scalar"])
def test_fault_01_manifest_is_no_mapping(text: str, localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    project = {"pyproject__toml": '[project]\nname = "bad"\nversion = "1.0"\n', "plugin-manifest__yaml": text}
    folder = make_bad(make_plugin, home, command_plugin("bad"), **project)
    place = f"{folder / 'plugin-manifest.yaml'}:1:1"
    assert_told(localagent("bad"), 3, place, "a mapping is needed", "name: my-plugin", "entry_points:")
    assert_told(localagent("dev", "validate", folder / "plugin-manifest.yaml"), 1, "LA100", "name: my-plugin")
    assert_told(localagent("dev", "add", "ui", cwd=folder), 2, "a mapping is needed")
    assert_works(localagent)


def test_fault_01_manifest_is_missing(localagent: Run, work: Path) -> None:
    (work / "bare").mkdir()
    assert_told(localagent("dev", "validate", "bare"), 1, "LA101", "name: my-plugin")
    assert_told(localagent("dev", "validate", "bare/plugin-manifest.yaml"), 2, "bare/plugin-manifest.yaml")


def test_fault_02_manifest_is_not_text(localagent: Run, work: Path) -> None:
    files: dict[str, str | bytes] = {
        "latin": WHOLE.replace("everybody", "ä").encode("latin-1"),
        "utf16": WHOLE.encode("utf-16"),
        "nul": WHOLE.replace("Greets", "Gr\0ets"),
        "surrogate": WHOLE.replace("Greets everybody", r'"\ud800"'),
    }
    told = only(findings(localagent, work, files))
    assert "not UTF-8 at byte 51" in told["latin"].message
    assert "UTF-16" in told["utf16"].message
    assert "U+0000 at byte 46" in told["nul"].message
    assert "surrogate" in told["surrogate"].message
    assert {told[name].line for name in ("latin", "nul", "surrogate")} == {3}


def test_fault_02_a_byte_order_mark_is_accepted(localagent: Run, work: Path) -> None:
    assert findings(localagent, work, {"marked": b"\xef\xbb\xbf" + WHOLE.encode()}) == {"marked": []}


def test_fault_03_manifest_cannot_be_parsed(localagent: Run, work: Path) -> None:
    files: dict[str, str | bytes] = {
        "tab": WHOLE.replace("  commands", "\tcommands"),
        "bracket": WHOLE + "tags: [a,\n",
        "two": WHOLE + "---\nname: other\n",
    }
    told = only(findings(localagent, work, files))
    assert {name: (each.line, each.column) for name, each in told.items()} == {
        "tab": (6, 1),
        "bracket": (10, 1),
        "two": (9, 1),
    }


def test_fault_04_anchors_aliases_and_merges(localagent: Run, work: Path) -> None:
    bomb = "a: &a [x,x,x]\n" + "".join(f"{chr(n)}: &{chr(n)} [*{chr(n - 1)},*{chr(n - 1)}]\n" for n in range(98, 122))
    files: dict[str, str | bytes] = {
        "aliases": bomb,
        "merge": "a: &a {b: 1}\nc:\n  <<: *a\n",
        "recursive": "a: &a [*a]\n",
    }
    told = only(findings(localagent, work, files))
    assert all("anchors are not allowed here" in each.message for each in told.values())
    assert {(each.line, each.column) for each in told.values()} == {(1, 4)}


def test_fault_05_manifest_is_too_large(localagent: Run, work: Path) -> None:
    files: dict[str, str | bytes] = {
        "deep": "x-a: " + "[" * 100_000,
        "long": WHOLE + "#" * (256 * 1024),
        "many": WHOLE + "x-a: [" + "1," * 20_000 + "1]\n",
    }
    told = only(findings(localagent, work, files))
    assert "limit of 50 levels" in told["deep"].message
    assert "limit of 256 kB" in told["long"].message
    assert "limit of 20000 values" in told["many"].message


def test_fault_06_a_tag_constructs_nothing(localagent: Run, work: Path) -> None:
    command = f"!!python/object/apply:os.system ['touch {work / 'made'}']"
    files: dict[str, str | bytes] = {
        "python": f"name: {command}\n",
        "own": "name: !mine x\n",
        "binary": "name: !!binary x\n",
    }
    told = only(findings(localagent, work, files))
    assert all("tags are not allowed" in each.message for each in told.values())
    assert not (work / "made").exists()


def test_fault_07_a_key_stands_twice(localagent: Run, work: Path) -> None:
    told = only(findings(localagent, work, {"twice": WHOLE + "name: other\n"}))
    assert (told["twice"].line, "in line 1 and in line 9" in told["twice"].message) == (9, True), told


def test_fault_08_words_stay_words_and_a_version_needs_quotes(localagent: Run, work: Path) -> None:
    texts = WHOLE + "author: NO\ntags: [12:30, 010]\n"
    files: dict[str, str | bytes] = {"words": texts, "version": WHOLE.replace('"1.0.0"', "1.10")}
    told = findings(localagent, work, files)
    assert told["words"] == []
    (version,) = told["version"]
    assert (version.line, version.column) == (2, 10)
    assert 'put it in quotes: "1.10"' in f"{version.message} {version.fix}"


def test_fault_09_a_key_is_misspelt(localagent: Run, work: Path) -> None:
    wrong_key = WHOLE.replace("commands", "xcommands")
    told = findings(localagent, work, {"wrong": wrong_key, "free": WHOLE + "x-mine: {a: 1}\n"})
    assert told["free"] == []
    (wrong,) = [each for each in told["wrong"] if "xcommands" in each.message]
    assert (wrong.line, wrong.column) == (6, 3)
    assert "xcommands" in wrong.message
    assert "did you mean" in f"{wrong.message} {wrong.fix}"


def test_fault_10_several_values_have_wrong_types(localagent: Run, work: Path) -> None:
    text = 'name: 3\nversion: "1"\ndescription: []\nplugin_types: command\nentry_points: 5\ntags: {}\n'
    told = findings(localagent, work, {"wrong": text})["wrong"]
    assert [each.line for each in told] == [1, 3, 4, 5, 6]
    assert all(each.fix for each in told)


def test_fault_11_a_name_that_cannot_be(localagent: Run, work: Path) -> None:
    names = {
        "path": "../greeter",
        "blank": "gree ter",
        "alike": "gr\N{CYRILLIC SMALL LETTER IE}eter",
        "reserved": "plugins",
        "long": "g" * 65,
    }
    files: dict[str, str | bytes] = {
        key: WHOLE.replace("name: greeter", f"name: {name}", 1) for key, name in names.items()
    }
    told = findings(localagent, work, files)
    assert all(each and (each[0].line, each[0].column) == (1, 7) and each[0].fix for each in told.values()), told


def test_fault_11_a_name_that_is_not_the_entry_points(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    manifest = GREETER_MANIFEST.replace("greeter", "other", 1)
    files = {"plugin-manifest__yaml": manifest, "pyproject__toml": '[project]\nname = "greeter"\nversion = "1.0.0"\n'}
    folder = make_plugin("greeter", command_plugin("greeter"), **files)
    assert_told(localagent("dev", "validate", folder), 1, "plugin-manifest.yaml:1:7", "other")


@pytest.mark.parametrize(
    ("needs", "words"),
    [
        ('localagent_min_version: "99.0"', ("LocalAgent", "99.0", "1.0.0")),
        ('python_min_version: "3.99"', ("Python", "3.99", "3.")),
    ],
    ids=["host", "python"],
)
def test_fault_12_a_plugin_for_another_host(
    needs: str, words: tuple[str, ...], localagent: Run, make_plugin: MakePlugin, home: Path
) -> None:
    manifest = f"{BAD_MANIFEST}compatibility:\n  {needs}\n"
    folder = make_bad(make_plugin, home, "1 / 0", **{"plugin-manifest__yaml": manifest})
    assert_told(localagent("bad"), 3, f"{folder / 'plugin-manifest.yaml'}:10", *words)
    assert_works(localagent)


def test_fault_13_a_path_that_leads_elsewhere(localagent: Run, make_plugin: MakePlugin, work: Path) -> None:
    (work / "secret.json").write_text("{}")
    for number, path in enumerate(("/etc/passwd", "../secret.json", "link.json", "pipe", "folder")):
        manifest = GREETER_MANIFEST + f"configuration:\n  schema_file: {path}\n"
        folder = make_plugin(f"p{number}", command_plugin("greeter"), into=work, **{"plugin-manifest__yaml": manifest})
        (folder / "link.json").symlink_to(work / "secret.json")
        os.mkfifo(folder / "pipe")
        (folder / "folder").mkdir()
    done = localagent("dev", "validate", *(f"p{number}" for number in range(5)))
    assert_told(done, 1)
    assert done.out.count("plugin-manifest.yaml:10:16: 'configuration.schema_file' names ") == 5


def test_fault_13_a_manifest_that_is_no_file(localagent: Run, make_plugin: MakePlugin, home: Path) -> None:
    folder = make_bad(make_plugin, home, command_plugin("bad"))
    os.mkfifo(folder / "plugin-manifest.yaml")
    assert_told(localagent("bad"), 3, "plugin-manifest.yaml", "not a regular file")
    assert_told(localagent("dev", "validate", folder / "plugin-manifest.yaml"), 1, "not a regular file")
    enable(home, GOOD)
    assert_works(localagent)
