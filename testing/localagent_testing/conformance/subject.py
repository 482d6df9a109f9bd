"""A plugin that is judged, with what was seen of it."""

from __future__ import annotations

import dataclasses
import os
from functools import cached_property
from typing import TYPE_CHECKING, Any

from localagent_testing.bench.budgets import budgets_of
from localagent_testing.bench.measuring import Measured, measure
from localagent_testing.conformance.judging import require_ready
from localagent_testing.conformance.life import observe
from localagent_testing.conformance.plan import Plan, plan_of
from localagent_testing.conformance.scene import staged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from contextlib import AbstractContextManager

    from localagent.diagnostics.rule import Finding
    from localagent.host.spec import PluginSpec
    from localagent_testing.audit.recorder import Recorder
    from localagent_testing.conformance.life import Life
    from localagent_testing.conformance.scene import Scene

RUNS = 3
"""Lives that the figures of costs are medians of."""

ROUNDS = 20
"""Rounds of disable and enable that the slope of memory is taken over."""


class Subject:
    """A plugin that is judged.

    Args:
        spec: the plugin.
        environ: where its settings may come from; what steers the host is left out.
        plan: what it is tried with; None reads that from its project.
        recorder: records what it uses; None where nobody asks for that.

    Attributes:
        spec: the plugin.
        recorder: as above.
        stand_ins: hosts that rules have put in the place of its service.
    """

    def __init__(
        self,
        spec: PluginSpec,
        environ: Mapping[str, str] = os.environ,
        plan: Plan | None = None,
        recorder: Recorder | None = None,
    ) -> None:
        self.spec = spec
        self.recorder = recorder
        self.stand_ins: set[str] = set()
        self.environ = environ
        self._plan = plan

    @cached_property
    def plan(self) -> Plan:
        """What it is tried with.

        Raises:
            ConfigError: as `plan_of`.
        """
        return plan_of(self.spec) if self._plan is None else self._plan

    @cached_property
    def life(self) -> Life:
        """One whole life of it, lived when first asked for."""
        return observe(self.spec, self.plan, self.environ)

    @cached_property
    def measured(self) -> Measured:
        """What it costs, in the figures that its project has budgets for; measured when first asked for.

        Raises:
            PluginNotAvailable: as `measure`.
        """
        return measure(self.spec, budgets_of(self.spec), runs=RUNS, rounds=ROUNDS, environ=self.environ)

    def scene(self, *, provider: Mapping[str, Any] | None = None) -> AbstractContextManager[Scene]:
        """A scene with the plugin, new with each call, so that what one rule does to it harms no other.

        Args:
            provider: settings of its provider beside those of the plan.

        Raises:
            Unobserved: the plugin does not become ready.
        """
        require_ready(self.life)
        plan = dataclasses.replace(self.plan, provider={**self.plan.provider, **(provider or {})})
        return staged(self.spec, plan, self.environ)


def of_life(check: Callable[[Life], Iterable[Finding]]) -> Callable[[Subject], Iterable[Finding]]:
    """A check of a plugin's life as one of the plugin."""
    return lambda subject: check(subject.life)
