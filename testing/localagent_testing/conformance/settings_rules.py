"""The rules of settings: what the schema of a plugin promises, its code keeps."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.errors import ConfigError, ValidationError
from localagent.manifest.plain import is_mapping
from localagent.plugins.config_schema import violations_of
from localagent_testing.conformance.judging import class_place, place_of
from localagent_testing.conformance.misfits import misfits
from localagent_testing.conformance.scene import Attempt, attempt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localagent_testing.conformance.misfits import Misfit
    from localagent_testing.conformance.scene import Scene
    from localagent_testing.conformance.subject import Subject

VALIDATED_WITHIN = 5.0
"""Seconds that a plugin may take to judge its settings."""


def defaults_are_valid(subject: Subject) -> Iterator[Finding]:
    """A default that the schema refuses, or that cannot be had."""
    with subject.scene() as scene:
        schema = _schema(scene)
        given = scene.run(
            attempt(scene.guard, "defaults", scene.loaded.plugin.get_default_config, limit=VALIDATED_WITHIN)
        )
        where = class_place(subject.life)
        fix = "give only defaults that the schema allows, or leave get_default_config() to the base class"
        if given.failure is not None:
            yield Finding(
                f"get_default_config() failed: {given.failure.message}", place_of(given.failure, subject.spec), fix
            )
        elif not is_mapping(given.value):
            yield Finding(f"get_default_config() gave a {type(given.value).__name__}", where, "return a dict")
        else:
            for violation in violations_of(given.value, schema):
                if violation.path:  # what is missing as a whole, the user is to give
                    yield Finding(f"the default of {violation}", where, fix)


def misfits_are_refused(subject: Subject) -> Iterator[Finding]:
    """A value that the schema does not allow, and the plugin does."""
    with subject.scene() as scene:
        schema = _schema(scene)
        cases = [
            case for case in misfits(schema, scene.loaded.plugin.config or {}) if violations_of(case.settings, schema)
        ]
        for case, outcome in zip(cases, scene.run(_judged(scene, cases)), strict=True):
            yield from _accepted(case, outcome, subject)


async def _judged(scene: Scene, cases: Iterable[Misfit]) -> list[Attempt]:
    """What the plugin says of each; its settings are as before in the end."""
    plugin = scene.loaded.plugin
    kept = plugin.config
    outcomes: list[Attempt] = []
    for case in cases:
        plugin.config = case.settings
        outcomes.append(await attempt(scene.guard, "settings", plugin.validate_config, limit=VALIDATED_WITHIN))
    plugin.config = kept
    return outcomes


def _accepted(case: Misfit, outcome: Attempt, subject: Subject) -> Iterator[Finding]:
    where = class_place(subject.life)
    if outcome.failure is None:
        if outcome.value:
            fix = "return False from validate_config() for what the schema refuses, as super().validate_config() does"
            yield Finding(f"validate_config() accepts {case}", where, fix)
    elif not isinstance(outcome.failure.__cause__, ConfigError | ValidationError):
        fix = "return False from validate_config(), or raise a ConfigError that names the setting"
        yield Finding(
            f"validate_config() fails for {case}: {outcome.failure.message}",
            place_of(outcome.failure, subject.spec),
            fix,
        )


def _schema(scene: Scene) -> dict[str, Any]:
    """The schema of the settings; one that the plugin has not allows anything, and gives no defaults."""
    read = scene.loaded.plugin.get_config_schema
    return dict(scene.run(attempt(scene.guard, "settings schema", read, limit=VALIDATED_WITHIN)).value or {})


CHECKS: dict[str, Rule[Subject]] = {
    "valid-defaults": Rule(
        "LA613",
        "The defaults fit the schema of the settings",
        defaults_are_valid,
        tier=Tier.SILVER,
        explanation="A plugin with no settings of the user's must have valid ones, whoever asks for its defaults.",
        bad='def get_default_config(self):\n    return {"size": "10"}  # the schema wants an integer',
        good='def get_default_config(self):\n    return {"size": 10}',
    ),
    "refuses-misfits": Rule(
        "LA614",
        "Settings that the schema forbids are refused",
        misfits_are_refused,
        tier=Tier.SILVER,
        explanation=(
            "From each property of the schema values are derived that it forbids: another type, none of the enum, "
            "below the minimum, above the maximum, or nothing where something is required."
        ),
        bad='async def validate_config(self):\n    return bool(self.config["size"])',
        good="async def validate_config(self):\n    return await super().validate_config() and …",
    ),
}
"""The rules by the word that follows the id in a test's name."""
