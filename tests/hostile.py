"""Broken manifests and settings, each made from a number alone, and what has to be said of them."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from localagent.diagnostics.choosing import Choice
from localagent.diagnostics.validation import STATIC_FAMILIES, validate_path
from localagent.errors import ConfigError, ManifestError
from localagent.manifest.model import ENTRY_POINT_GROUPS, KINDS
from localagent.services.home import Home
from localagent.services.settings import Settings

MUSEUM = Path(__file__).parent / "museum"
PROJECT = next((MUSEUM / "LA403").iterdir())
MANIFEST = """\
# What a plugin says of itself.
schema_version: 1
name: hello-world
version: "1.0.0"
description: >-
  Greets people, "politely"
author: Ann Other <ann@example.org>
license: MIT
homepage: https://example.org/hello
compatibility: {localagent_min_version: "1.0.0", python_min_version: "3.11"}
plugin_types: [command]
entry_points:
  commands:
    - name: hello-world
      class: hello_world.plugin:HelloWorld
      commands:
        - {name: hello, help: 'Greets; it''s short'}
      activation: [people.arrived]
dependencies:
  required: ["rich>=14"]
  plugins: ["other-plugin>=1,<2"]
configuration:
  schema_file: config_schema.json
  required_settings: [size]
permissions:
  network: [example.org]
  files: [read]
features: [greeting]
testing:
  test_command: pytest tests
  coverage_threshold: 80
documentation:
  readme: README.md
x-own: {anything: [1, 2.5, null, true]}
"""
SETTINGS = """\
# Mine.
plugins:
  hello-world:
    enabled: true  # since Monday
    config:
      size: 3
      style: {colour: "red", bold: false}
      names: [Ann, 'Bob']
      token: ${env:TOKEN}
other: kept
"""
SCHEMA = """\
{
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "type": "object",
  "properties": {
    "size": {"type": "integer", "default": 1, "minimum": 0, "description": "How large"},
    "style": {
      "type": "object",
      "properties": {"colour": {"enum": ["red", "blue"], "default": "red"}, "bold": {"type": "boolean"}}
    },
    "names": {"type": "array", "items": {"$ref": "#/$defs/name"}, "maxItems": 9},
    "token": {"type": "string", "format": "password", "pattern": "^[a-z]+$"}
  },
  "$defs": {"name": {"type": "string", "minLength": 1}},
  "additionalProperties": false
}
"""
EVERYTHING = Choice(STATIC_FAMILIES)

_PIECES = (
    *("[", "]", "{", "}", ": ", ", ", "- ", "? ", "\n", "\r", "\t", "  ", '"', "'", "\\", "\\u12", "&a ", "*a", "!!x "),
    *("<<: ", "#", "|", ">", "%", "---\n", "...\n", "\0", "\u2028", "\x85", "\ufeff", "~", "1.5", "x-", "..", "/", "é"),
    *(
        "\u202e",
        "\U0001f600",
        "e\u0301",
        "$ref",
        "${env:A}",
        "${",
        "://[",
        "`",
        "@",
        "0x1f",
        ".inf",
        "-0",
        "2026-01-01",
    ),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 10**40, 1.5, "", " ", "a", "1.0.0", "é\u202e", "a" * 300, "../x", "/x", "C:\\x", "\0"),
    *(
        "https://[",
        "a b",
        "x:Y",
        ":",
        "a:b:c",
        ">=1,<",
        "a; python_version<'3'",
        "pytest 'x",
        [],
        {},
        [[]],
        [None],
        {"": 1},
    ),
    *([1, "a"], {"name": 5}, {"name": "a", "class": "b:C"}, ["a", "a"], "#/$defs/x", "^(a+)+$", "object", {"type": 5}),
)
_KEYS = (
    *(
        "schema_version",
        "name",
        "version",
        "description",
        "author",
        "license",
        "homepage",
        "compatibility",
        "plugin_types",
    ),
    *("entry_points", "dependencies", "configuration", "permissions", "features", "tags", "testing", "documentation"),
    *(
        "reload",
        "x-own",
        "named",
        "commands",
        "class",
        "help",
        "activation",
        "schema_file",
        "required_settings",
        "required",
    ),
    *("plugins", "network", "files", "test_command", "coverage_threshold", "conformance", "readme", "api_docs", *KINDS),
    *(
        "python_min_version",
        "localagent_min_version",
        "localagent_max_version",
        "integration_tests",
        *ENTRY_POINT_GROUPS,
    ),
)


def mutated(text: str, random: Random) -> bytes:
    """`text` after one to five changes that a slip, a merge or a bad disk could make."""
    for _ in range(random.randint(1, 5)):
        text = random.choice(_CHANGES)(text, random)
    data = text.encode("utf-8", "surrogatepass")
    if random.random() < 0.05:
        spot = random.randrange(len(data) + 1)
        data = data[:spot] + random.randbytes(random.randint(1, 4)) + data[spot:]
    return data


def generated(random: Random) -> bytes:
    """A manifest of known keys in which anything may stand for anything, as JSON, which is YAML too."""
    top = {random.choice(_KEYS): _value(random, 4) for _ in range(random.randint(0, 12))}
    if random.random() < 0.6:
        top = {"name": "hello-world", "version": "1.0", "description": "Greets", "plugin_types": ["command"], **top}
    return json.dumps(top, indent=random.choice((None, 2)), ensure_ascii=random.random() < 0.5).encode()


def cases(mutations: Iterable[int], generations: Iterable[int] = ()) -> Iterator[tuple[str, bytes]]:
    """What each is, ``manifest``, ``schema`` or ``settings``, and its bytes; each number gives always the same."""
    for number in mutations:
        random = Random(number)  # noqa: S311 - the same inputs each time, no secrets
        what = random.choice(("manifest", "manifest", "settings", "schema"))
        yield what, mutated(_base(what, random), random)
    for number in generations:
        random = Random(-1 - number)  # noqa: S311 - the same inputs each time, no secrets
        what = random.choice(("manifest", "manifest", "settings"))
        yield what, generated(random) if what == "manifest" else _settings(random)


def plant(folder: Path) -> Path:
    """A project and a home below `folder`, into which `judge` writes."""
    project = folder / "project"
    shutil.copytree(PROJECT, project)
    (project / "README.md").write_text("", encoding="utf-8")
    (project / "plugin-manifest.yaml").write_text(MANIFEST, encoding="utf-8")
    (project / "config_schema.json").write_text(SCHEMA, encoding="utf-8")
    (folder / "home").mkdir()
    return folder


def judge(what: str, data: bytes, folder: Path) -> list[str]:
    """Read `data` as that, and tell which findings lack a place or a way out."""
    return _JUDGES[what](data, folder)


def _manifest(data: bytes, folder: Path) -> list[str]:
    return _validated(folder / "project", "plugin-manifest.yaml", data, MANIFEST)


def _schema(data: bytes, folder: Path) -> list[str]:
    return _validated(folder / "project", "config_schema.json", data, SCHEMA)


def _validated(project: Path, name: str, data: bytes, before: str) -> list[str]:
    file = project / name
    file.write_bytes(data)
    try:
        found = validate_path(project, choice=EVERYTHING).diagnostics
        texts = {each.where.file: _ways_to_count(each.where.file) for each in found}
        return [
            f"{each.rule}: {each.message} ({each.where})"
            for each in found
            if not (each.fix and _is_in(texts[each.where.file], each.where.line, each.where.column))
        ]
    finally:
        file.write_text(before, encoding="utf-8")


def _settings_files(data: bytes, folder: Path) -> list[str]:
    home = Home(folder / "home")
    home.config_file.write_bytes(data)
    settings = Settings(home, {})
    try:
        settings.declare_schema("hello-world", json.loads(SCHEMA))
        problem = settings.judge("hello-world").problem
    except (ConfigError, ManifestError) as error:
        problem = error
    if problem is None:
        return []
    is_placed = problem.file == home.config_file and _is_in(
        _ways_to_count(home.config_file), problem.line, problem.column
    )
    return [] if is_placed and problem.fix else [f"{problem.message} ({problem.place}; fix: {problem.fix})"]


def _ways_to_count(file: Path) -> tuple[list[str], list[str]]:
    """The lines as JSON and TOML count them, and as YAML does, for which a carriage return ends one too."""
    text = file.read_bytes().decode("utf-8-sig", "surrogateescape") if file.is_file() else ""
    return text.split("\n"), text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _is_in(ways: tuple[list[str], list[str]], line: int | None, column: int | None) -> bool:
    """Whether there is such a place, one behind the end of the line included."""
    if line is None or column is None or min(line, column) < 1:
        return False
    return any(line <= len(lines) and column <= len(lines[line - 1]) + 1 for lines in ways)


def _base(what: str, random: Random) -> str:
    if what == "manifest":
        return random.choice((MANIFEST, MANIFEST, *_museums()))
    return SETTINGS if what == "settings" else SCHEMA


@cache
def _museums() -> tuple[str, ...]:
    files = sorted(MUSEUM.glob("LA[1-4]*/*/plugin-manifest.yaml"))
    return tuple(file.read_bytes().decode("utf-8", "replace") for file in files if file.is_file())


def _settings(random: Random) -> bytes:
    own = {random.choice(("size", "style", "names", "token", "colour")): _value(random, 3) for _ in range(3)}
    sections = {"hello-world": {"enabled": random.choice((True, False, None, 3)), "config": own}}
    return json.dumps({"plugins": random.choice((sections, sections, _value(random, 2)))}).encode()


def _value(random: Random, depth: int) -> Any:
    if depth == 0 or random.random() < 0.5:
        return random.choice(_VALUES)
    if random.random() < 0.4:
        return [_value(random, depth - 1) for _ in range(random.randint(0, 3))]
    return {random.choice(_KEYS): _value(random, depth - 1) for _ in range(random.randint(0, 4))}


def _inserted(text: str, random: Random) -> str:
    spot = random.randrange(len(text) + 1)
    return text[:spot] + random.choice(_PIECES) * random.choice((1, 1, 1, 2, 50)) + text[spot:]


def _removed(text: str, random: Random) -> str:
    spot = random.randrange(len(text) + 1)
    return text[:spot] + text[spot + random.randint(1, 20) :]


def _lines_changed(text: str, random: Random) -> str:
    lines = text.split("\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(5):
        case 0:
            lines.insert(other, lines[one])
        case 1:
            del lines[one]
        case 2:
            lines[one], lines[other] = lines[other], lines[one]
        case 3:
            lines[one] = " " * random.randint(1, 3) + lines[one]
        case _:
            lines[one] = lines[one].lstrip()
    return "\n".join(lines)


def _value_changed(text: str, random: Random) -> str:
    lines = text.split("\n")
    number = random.randrange(len(lines))
    key, colon, _ = lines[number].partition(": ")
    if colon:
        value = json.dumps(random.choice(_VALUES), ensure_ascii=False)
        lines[number] = f"{key}: {value}{',' * lines[number].endswith(',')}"
    return "\n".join(lines)


def _cut(text: str, random: Random) -> str:
    return text[: random.randrange(len(text) + 1)]


def _returned(text: str, _random: Random) -> str:
    return text.replace("\n", "\r\n")


_CHANGES: tuple[Callable[[str, Random], str], ...] = (
    *(_inserted, _inserted, _removed, _removed, _lines_changed, _lines_changed, _value_changed, _value_changed),
    *(_value_changed, _cut, _returned),
)
_JUDGES = {"manifest": _manifest, "schema": _schema, "settings": _settings_files}
