"""What becomes of a plugin whose start does not come to its end: it failed at once, or was cancelled."""

from __future__ import annotations

import asyncio
import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.host.ledger import Ledger
from localagent.host.loading import load
from localagent.host.preparing import apply_settings, prepare
from localagent_testing.conformance.judging import Unobserved, class_place, place_of, require_ready
from localagent_testing.conformance.scene import GRACE, attempt, opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localagent.host.context import HostContext
    from localagent.host.guard import Guard
    from localagent.host.host import Host
    from localagent.host.spec import PluginSpec
    from localagent.plugins.base import Plugin
    from localagent_testing.conformance.scene import Attempt
    from localagent_testing.conformance.subject import Subject

CLEANUP_LIMIT = 5.0
"""Seconds one cleanup may take."""

STOPPED_WITHIN = 2.0
"""Seconds that an initialise may take to end after it was cancelled."""

_GIVE_BACK = "let cleanup give back only what is there: set what initialize takes to None before, in the class body"
_END_AS_CANCELLED = "let asyncio.CancelledError pass through initialize"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plugin that was constructed and given its context and settings, and is not initialised.

    Attributes:
        plugin: the plugin.
        guard: the way into its code.
        context: what it was given.
        ledger: what it registered.
    """

    plugin: Plugin
    guard: Guard
    context: HostContext
    ledger: Ledger

    async def clean_up(self) -> Attempt:
        """Its own cleanup, then all that it registered is undone."""
        outcome = await attempt(self.guard, "cleanup", self.plugin.cleanup, limit=CLEANUP_LIMIT)
        self.ledger.undo_all()
        return outcome


@dataclass(frozen=True, slots=True)
class Cancelled:
    """What a plugin did that was cancelled while it initialised.

    Attributes:
        obeyed: whether its initialise ended as cancelled, or had ended before.
        cleanup: what became of the cleanup after it.
        left: tasks that went on, by name.
    """

    obeyed: bool
    cleanup: Attempt
    left: tuple[str, ...]


def cleanup_after_failure(subject: Subject) -> Iterator[Finding]:
    """A cleanup that relies on an initialise which got nowhere."""
    _require_cleanup(subject)
    with opened(subject.spec, subject.plan, subject.environ) as (cli, _):
        outcome = cli.host.loop.run(_prepared(cli.host, subject.spec).clean_up())
    if outcome.failure is not None:
        message = f"after an initialise that failed at once, {outcome.failure.message}"
        yield Finding(message, place_of(outcome.failure, subject.spec), _GIVE_BACK)


def cleanup_after_cancellation(subject: Subject) -> Iterator[Finding]:
    """An initialise that cannot be cancelled, or a cleanup that relies on its end."""
    _require_cleanup(subject)
    with opened(subject.spec, subject.plan, subject.environ) as (cli, _):
        outcome = cli.host.loop.run(_cancel(_prepared(cli.host, subject.spec)))
    where, failure = class_place(subject.life), outcome.cleanup.failure
    if not outcome.obeyed:
        yield Finding("initialize() did not end as cancelled when it was", where, _END_AS_CANCELLED)
    if failure is not None:
        message = f"after an initialise that was cancelled, {failure.message}"
        yield Finding(message, place_of(failure, subject.spec), _GIVE_BACK)
    if outcome.left and not subject.life.tasks:  # what is left anyway, another rule tells
        message = f"after an initialise that was cancelled are left: {', '.join(outcome.left)}"
        yield Finding(message, where, "start tasks with context.spawn(), which ends them with the plugin")


def _require_cleanup(subject: Subject) -> None:
    """See that cleanup works where all goes well.

    Raises:
        Unobserved: it does not, or the plugin does not become ready.
    """
    require_ready(subject.life)
    if subject.life.cleanup_failures:
        raise Unobserved("its cleanup fails anyway: see LA605")


def _prepared(host: Host, spec: PluginSpec) -> Prepared:
    guard, ledger = host.guard_for(spec), Ledger()
    plugin = load(spec, guard)
    context = prepare(plugin, spec, host, guard, ledger)
    apply_settings(plugin, spec, context, host.settings)
    return Prepared(plugin, guard, context, ledger)


async def _cancel(prepared: Prepared) -> Cancelled:
    """Initialise the plugin up to where it first waits for something."""
    before = asyncio.all_tasks()
    # Not through the guard, which would see to it that its caller is let go.
    initialise: Callable[..., Any] = prepared.plugin.initialize
    starting = initialise(prepared.context)
    obeyed = True
    if inspect.iscoroutine(starting):
        task = asyncio.create_task(starting, name="initialize")
        await asyncio.sleep(0)
        if not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=STOPPED_WITHIN)
            obeyed = task.cancelled()
    cleanup = await prepared.clean_up()
    left = asyncio.all_tasks() - before
    if left:
        await asyncio.wait(left, timeout=GRACE)
    return Cancelled(obeyed, cleanup, tuple(sorted(f"task {task.get_name()!r}" for task in left if not task.done())))


CHECKS: dict[str, Rule[Subject]] = {
    "cleanup-after-failure": Rule(
        "LA611",
        "Cleanup works for a plugin whose initialise failed",
        cleanup_after_failure,
        tier=Tier.GOLD,
        explanation="Cleanup is called for each initialise that was entered, also where its first line failed.",
        bad="async def cleanup(self):\n    await self.client.aclose()  # initialize sets it",
        good="client = None\n\nasync def cleanup(self):\n    if self.client is not None:\n"
        "        await self.client.aclose()",
    ),
    "cleanup-after-cancellation": Rule(
        "LA612",
        "Initialise can be cancelled, and cleanup works then",
        cleanup_after_cancellation,
        tier=Tier.GOLD,
        explanation="Ctrl-C and time limits cancel an initialise where it waits. What it took so far is given back.",
        bad="except BaseException:\n    return False",
        good="except OSError as error:\n    raise PluginError(str(error)) from error",
    ),
}
"""The rules by the word that follows the id in a test's name."""
