"""Whether a secret of a provider's settings shows in what others can read."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import logging
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Finding
from localagent.errors import LocalAgentError
from localagent.manifest.secret_names import is_secret_name
from localagent.plugins.config_schema import properties_of
from localagent_testing.conformance.asking import HELLO, Asked
from localagent_testing.conformance.judging import Unobserved, place_of_code
from localagent_testing.conformance.scene import staged

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from localagent_testing.conformance.plan import Plan
    from localagent_testing.conformance.scene import Scene
    from localagent_testing.conformance.subject import Subject

CANARY = "sk-canary-0123456789abcdef"
"""Stands for each secret that the project gives none of."""


def keeps_its_key(subject: Subject) -> Iterator[Finding]:
    """A secret of the settings that shows in an answer, an error, a log, a health check or `repr`.

    Raises:
        Unobserved: the plugin has no provider with a secret among its settings, or does not become ready.
    """
    if subject.life.obstacle is None and subject.life.provider_class is None:
        raise Unobserved("it is no provider plugin")
    with subject.scene() as scene:
        schema = scene.host.provider_manager.providers[scene.loaded.name].thing.schema
    plan = _with_secrets(subject.plan, schema)
    secrets = {name: str(value) for name, value in plan.provider.items() if is_secret_name(name) and value}
    if not secrets:
        raise Unobserved("none of its settings is a secret by its name")
    with staged(subject.spec, plan, subject.environ) as scene:
        texts = _seen(scene)
    where = place_of_code(subject.life.provider_class, subject.spec)
    for name, value in secrets.items():
        shown = [place for place, text in texts.items() if value in text]
        if shown:
            fix = "name the setting, never its value, in answers, errors, logs and __repr__"
            yield Finding(f"the value of the setting '{name}' shows in {', '.join(shown)}", where, fix)


def _with_secrets(plan: Plan, schema: Mapping[str, Any]) -> Plan:
    canaries = {name: CANARY for name in properties_of(schema) if is_secret_name(name)}
    return dataclasses.replace(plan, provider={**canaries, **plan.provider})


def _seen(scene: Scene) -> dict[str, str]:
    """All that can be read of a provider that is asked, by what it is."""
    log, printed = io.StringIO(), io.StringIO()
    with _logged(log), contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        told = scene.run(_told(scene))
    return told | {"the log": log.getvalue(), "what is printed": printed.getvalue()}


@contextlib.contextmanager
def _logged(log: io.StringIO) -> Generator[None]:
    """Write down every log record, before the host masks what it knows to be secret."""
    handler, root = logging.StreamHandler(log), logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.DEBUG)
    try:
        yield
    finally:
        root.setLevel(level)
        root.removeHandler(handler)


async def _told(scene: Scene) -> dict[str, str]:
    try:
        asked = Asked(scene, await scene.host.provider_manager.provider(scene.loaded.name))
    except LocalAgentError as error:  # with a made-up key it may well refuse to start
        return {"the error": error.message}
    answer = await asked.call("complete", asked.provider.complete, HELLO)
    health = await asked.call("health", asked.provider.health_check)
    failures = [each.failure.message for each in (answer, health) if each.failure is not None]
    shown = await asked.call("repr", repr, asked.provider)
    return {
        "repr() of the provider": str(shown.value),
        "the answer": repr(answer.value),
        "the health check": repr(health.value),
        "the error": " ".join(failures),
    }
