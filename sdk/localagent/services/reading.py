"""What all sources say of one plugin's settings, and all that is wrong with it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.errors import ConfigError
from localagent.manifest.wording import did_you_mean
from localagent.plugins.config_schema import (
    completed,
    defaults_of,
    merge,
    properties_of,
    subschema_at,
    violations_of,
)
from localagent.plugins.environment import convert_value, environment_variables
from localagent.services.layers import DEFAULT, Layer, Layered, Origin, merge_layers

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from localagent.manifest.composing import KeyPath
    from localagent.services.given import Given


class Finding(NamedTuple):
    """One thing that is wrong with settings.

    Attributes:
        message: what is wrong.
        origin: where the value was said.
        pointer: the JSON Pointer (RFC 6901) to the value; empty where the message names a variable.
    """

    message: str
    origin: Origin
    pointer: str = ""

    @property
    def is_of_this_run(self) -> bool:
        """Whether a variable or the command line said the value, and no file."""
        return bool(self.origin.name)

    def __str__(self) -> str:
        text = f"{self.pointer}: {self.message}" if self.pointer else self.message
        return text if self.origin.kind == "default" or not self.pointer else f"{text} ({self.origin})"


class Reading(NamedTuple):
    """The settings of one plugin as its sources say them, valid or not.

    Attributes:
        plugin: whose settings they are.
        schema: what they should fit.
        layered: the values, each with its origin.
        misfits: values of variables and options that could not be understood; they do not count.
        hints: variables that no setting has the name of, and what may be meant.
    """

    plugin: str
    schema: Mapping[str, Any]
    layered: Layered
    misfits: tuple[Finding, ...] = ()
    hints: tuple[str, ...] = ()

    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong: misfits, then what breaks the schema.

        Raises:
            ConfigError: the schema itself is not valid.
        """
        violations = violations_of(self.layered.values, self.schema)
        return self.misfits + tuple(
            Finding(each.message, self.layered.origin_of(each.path), each.pointer) for each in violations
        )

    def require(self, findings: Sequence[Finding]) -> None:
        """Refuse settings with findings.

        Raises:
            ConfigError: there are some; the message has all of them, the place is that of the first in a file.
        """
        if not findings:
            return
        first = next((each.origin for each in findings if each.origin.file), DEFAULT)
        # The place of a single finding is that of the error, and need not be said twice.
        is_placed = len(findings) == 1 and first.file is not None
        message = f"{findings[0].pointer}: {findings[0].message}" if is_placed else "; ".join(map(str, findings))
        raise ConfigError(
            message,
            plugin=self.plugin,
            file=first.file,
            line=first.line,
            column=first.column,
            fix=_mending(findings) or f"localagent config show {self.plugin} --origin",
        )


def _mending(findings: Sequence[Finding]) -> str:
    """What to correct where; empty where nobody said anything."""
    names = dict.fromkeys(each.origin.name for each in findings if each.origin.name)
    files = dict.fromkeys(str(each.origin.file) for each in findings if each.origin.file)
    ways = (("correct or unset", names), ("correct or remove it in", files))
    return "; ".join(f"{words} {', '.join(places)}" for words, places in ways if places)


class _Converted:
    """Values out of texts, and the texts that have none."""

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}
        self.names: dict[KeyPath, str] = {}
        self.misfits: list[Finding] = []


def read_layers(
    plugin: str,
    schema: Mapping[str, Any],
    files: Sequence[Layer],
    environ: Mapping[str, str],
    given: Sequence[Given] = (),
) -> Reading:
    """The settings of a plugin: schema defaults, then files, then environment, then command line.

    Args:
        plugin: its name.
        schema: the schema of its settings; empty if it has none.
        files: what the files say, the lowest first.
        environ: the variables that may be its own.
        given: what the command line gives it.
    """
    variables = environment_variables(plugin, environ, properties_of(schema))
    environment = _from_environment(variables, environ, schema)
    command_line = _from_command_line(given, schema)
    layers = (
        Layer(defaults_of(schema)),
        *files,
        Layer(environment.values, names=environment.names, kind="environment"),
        Layer(command_line.values, names=command_line.names, kind="command line"),
    )
    layered = merge_layers(layers)
    if schema:
        layered = layered._replace(values=completed(layered.values, schema))
    misfits = (*environment.misfits, *command_line.misfits)
    return Reading(plugin, schema, layered, misfits, _hints(plugin, variables, schema))


def _from_environment(
    variables: Mapping[str, str], environ: Mapping[str, str], schema: Mapping[str, Any]
) -> _Converted:
    converted = _Converted()
    for name, key in variables.items():
        try:
            converted.values[key] = convert_value(
                environ[name], subschema_at(schema, [key]), subject=name, schema=schema
            )
        except ConfigError as error:
            converted.misfits.append(Finding(error.message, Origin("environment", name=name)))
        else:
            converted.names[key,] = name
    return converted


def _from_command_line(given: Sequence[Given], schema: Mapping[str, Any]) -> _Converted:
    converted = _Converted()
    for each in given:
        subschema = subschema_at(schema, each.path)
        try:
            value = (
                _json_or_text(each.text)
                if subschema is None
                else convert_value(each.text, subschema, subject=each.words, schema=schema)
            )
        except ConfigError as error:
            converted.misfits.append(Finding(error.message, Origin("command line", name=each.words)))
        else:
            converted.values = merge(converted.values, _nested(each.path, value))
            converted.names[each.path] = each.words
    return converted


def _json_or_text(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _nested(path: Sequence[str], value: Any) -> dict[str, Any]:
    for key in reversed(path):
        value = {key: value}
    return dict(value)


def _hints(plugin: str, variables: Mapping[str, str], schema: Mapping[str, Any]) -> tuple[str, ...]:
    declared = properties_of(schema)
    strange = {name: did_you_mean(key, declared) for name, key in variables.items() if key not in declared}
    return tuple(f"{name} names no setting of '{plugin}'; {meant}" for name, meant in strange.items() if meant)
