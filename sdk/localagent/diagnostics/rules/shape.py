"""Rules LA102 to LA104: the manifest has the keys and types of its JSON Schema."""

from __future__ import annotations

from functools import cache
from typing import Any

from localagent.diagnostics.edits import replacing
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.plain import is_list
from localagent.manifest.sections import type_fix
from localagent.manifest.wording import called, did_you_mean, dotted, nearest, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localagent.diagnostics.edits import Edit
    from localagent.diagnostics.project import Project
    from localagent.manifest.composing import KeyPath
    from localagent.manifest.document import Document

_PYTHON_TYPES: dict[str, type] = {
    "string": str,
    "array": list,
    "object": dict,
    "integer": int,
    "number": float,
    "boolean": bool,
}
_EXAMPLES = {
    "name": "name: my-plugin",
    "version": 'version: "1.0.0"',
    "description": "description: What it does, in one sentence",
    "plugin_types": "plugin_types: [command]",
    "entry_points": "entry_points: {commands: [{name: my-plugin, class: my_plugin.plugin:MyPlugin}]}",
    "class": "class: my_plugin.plugin:MyPlugin",
}


def missing_keys(project: Project) -> Iterator[Finding]:
    """Required keys that a mapping lacks."""
    # The library makes an error of each missing key, but names it in words only.
    incomplete = {tuple(error.absolute_path): error for error in _violations(project, "required")}
    for path, error in incomplete.items():
        for key in error.validator_value:
            if key not in error.instance:
                message = f"the key '{dotted((*path, key))}' is missing"
                yield Finding(message, project.where(*path), f"add {_EXAMPLES.get(key, f'{key}: ...')}")


def unknown_keys(project: Project) -> Iterator[Finding]:
    """Keys that mean nothing here."""
    for error in _violations(project, "additionalProperties"):
        path = tuple(error.absolute_path)
        known = error.schema["properties"]
        for key in error.instance:
            if key not in known and not key.startswith("x-"):
                near = nearest(key, [name for name in known if name not in error.instance])
                yield Finding(
                    f"unknown key '{dotted((*path, key))}'",
                    project.where(*path, key, key=True),
                    "correct or remove it; a key that begins with 'x-' is yours to use",
                    hint=did_you_mean(key, known),
                    edit=replacing(key, near),
                )


def wrong_values(project: Project) -> Iterator[Finding]:
    """Values of another type or out of range."""
    if project.document is None:
        return
    for error in _violations(project, *_SAYINGS):
        path = tuple(error.absolute_path)
        yield _SAYINGS[error.validator](error, path, project.document)


def _violations(project: Project, *validators: str) -> list[Any]:
    return [error for error in _all_violations(project) if error.validator in validators]


def _all_violations(project: Project) -> Iterator[Any]:
    # What the model takes, its schema takes too; importing the library that tells costs more than all the other rules.
    if project.document is None or project.fits_model:
        return iter(())
    found: Iterator[Any] = _validator().iter_errors(project.document.data)
    return found


@cache
def _validator() -> Any:
    from jsonschema import Draft202012Validator

    from localagent.manifest.schema import load_schema

    return Draft202012Validator(load_schema())


def _wrong_type(error: Any, path: KeyPath, document: Document) -> Finding:
    types = error.validator_value
    allowed = types if is_list(types) else [types]
    wanted = _PYTHON_TYPES[allowed[0]]
    words = " or ".join(called(_PYTHON_TYPES[name]()) for name in allowed)
    written = f" ({shown(document.written(path))})" if isinstance(error.instance, bool | int | float) else ""
    message = f"'{dotted(path)}' must be {words}, but it is {called(error.instance)}{written}"
    return Finding(
        message, document.where(path), type_fix(document, path, wanted), edit=_retyped(document, path, wanted)
    )


def _retyped(document: Document, path: KeyPath, wanted: type) -> Edit | None:
    """A number, date or flag in quotes; one text as a list; None where it is not certain what was meant."""
    value, written = document.at(path), document.written(path)
    if wanted is str and isinstance(value, bool | int | float):
        return replacing(written, f'"{written}"')
    if wanted is list and isinstance(value, str) and _is_plain(value):
        return replacing(written, f"[{written}]")
    return None


def _is_plain(text: str) -> bool:
    """Whether a text can stand between brackets without quotes."""
    return bool(text) and all(character.isalnum() or character in "-_." for character in text)


def _not_among(error: Any, path: KeyPath, document: Document) -> Finding:
    allowed = ", ".join(map(str, error.validator_value))
    message = f"'{dotted(path)}' cannot be '{shown(str(error.instance))}'"
    if not isinstance(error.instance, str):
        return Finding(message, document.where(path), f"choose one of: {allowed}")
    words = [word for word in error.validator_value if isinstance(word, str)]
    hint, near = did_you_mean(error.instance, words), nearest(error.instance, words)
    siblings = document.at(path[:-1])
    edit = replacing(error.instance, "" if is_list(siblings) and near in siblings else near)
    return Finding(message, document.where(path), f"choose one of: {allowed}", hint=hint, edit=edit)


def _empty(_error: Any, path: KeyPath, document: Document) -> Finding:
    return Finding(f"'{dotted(path)}' is empty", document.where(path), "give it a value, or remove the key")


def _out_of_range(error: Any, path: KeyPath, document: Document) -> Finding:
    low, high = error.schema["minimum"], error.schema["maximum"]
    message = f"'{dotted(path)}' must be from {low} to {high}, not {shown(document.written(path))}"
    return Finding(message, document.where(path), f"write a number from {low} to {high}")


def _repeated(_error: Any, path: KeyPath, document: Document) -> Finding:
    return Finding(f"'{dotted(path)}' has an item twice", document.where(path), "keep one of them")


_SAYINGS: dict[str, Callable[[Any, KeyPath, Document], Finding]] = {
    "type": _wrong_type,
    "enum": _not_among,
    "minLength": _empty,
    "minItems": _empty,
    "minProperties": _empty,
    "minimum": _out_of_range,
    "maximum": _out_of_range,
    "uniqueItems": _repeated,
}

RULES = (
    Rule(
        "LA102",
        "Required keys are there",
        missing_keys,
        tier=Tier.BRONZE,
        explanation=(
            "Name, version, description, kinds and entry points are what lists, help and installation show without "
            "importing the plugin, so no manifest can leave them out. An entry point needs its name and its class."
        ),
        bad='name: my-plugin\nversion: "1.0.0"\n',
        good='name: my-plugin\nversion: "1.0.0"\ndescription: Greets people\n',
    ),
    Rule(
        "LA103",
        "Every key is known",
        unknown_keys,
        tier=Tier.BRONZE,
        explanation=(
            "A misspelt key would silently have no effect. Keys that begin with 'x-' are free for your own tools, on "
            "every level."
        ),
        bad="entry_points:\n  commandz: []\n",
        good="entry_points:\n  commands: []\nx-team: tools\n",
    ),
    Rule(
        "LA104",
        "Values have the right type and range",
        wrong_values,
        tier=Tier.BRONZE,
        explanation=(
            "A version without quotes is a number in YAML, in which 1.10 and 1.1 are the same. Lists stay lists even "
            "with one item, and a key without a value is better left out."
        ),
        bad="version: 1.10\nfeatures: greeting\n",
        good='version: "1.10"\nfeatures: [greeting]\n',
    ),
)
