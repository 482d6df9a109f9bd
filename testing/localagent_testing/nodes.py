"""A plugin as pytest sees it: it holds one test for each conformance rule."""

# pyright: reportUnknownMemberType=false
# pytest leaves the constructors of its nodes untyped.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from localagent.diagnostics.diagnostic import Severity
from localagent.errors import LocalAgentError
from localagent_testing.conformance.judging import Unobserved
from localagent_testing.conformance.rules import checks_of, why_left_out
from localagent_testing.conformance.subject import Subject
from localagent_testing.report import RULE_PROPERTY, WARNING_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.diagnostics.rule import Rule
    from localagent.host.spec import PluginSpec
    from localagent_testing.audit.recorder import Recorder


class PluginNode(pytest.Collector):
    """A plugin, whose life is observed when the first of its rules runs."""

    def __init__(self, *, spec: PluginSpec, **pytests: Any) -> None:
        super().__init__(**pytests)
        self.subject = Subject(spec, recorder=_recorder_of(spec, self.config))

    def collect(self) -> Iterator[RuleItem]:
        """A test for each rule."""
        audited = self.subject.recorder is not None
        for word, rule in checks_of(self.subject.spec, audited=audited).items():
            yield RuleItem.from_parent(self, name=f"{rule.id}-{word}", plugin=self, rule=rule)


class RuleItem(pytest.Item):
    """One rule applied to one plugin."""

    def __init__(self, *, plugin: PluginNode, rule: Rule[Subject], **pytests: Any) -> None:
        super().__init__(**pytests)
        self._plugin = plugin
        self._rule = rule
        self.user_properties.append((RULE_PROPERTY, rule.id))

    def runtest(self) -> None:
        """Judge the plugin."""
        found = judge(self._rule, self._plugin.subject)
        if found:
            self.user_properties.append((WARNING_PROPERTY, told(found)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is wrong and how to mend it, without the frames of the testing kit."""
        if isinstance(excinfo.value, NotConformant):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The heading of a failure."""
        return self.path, None, f"{self._plugin.name}: {self._rule.title}"


def _recorder_of(spec: PluginSpec, config: pytest.Config) -> Recorder | None:
    """What records from now on until the run ends, if it was asked for."""
    if not config.getoption("localagent_audit"):
        return None
    from localagent_testing.audit.recorder import Recorder

    recorder = Recorder(spec)
    recorder.start()
    config.add_cleanup(recorder.stop)
    return recorder


def judge(rule: Rule[Subject], subject: Subject) -> tuple[Diagnostic, ...]:
    """Apply a rule, or skip the present test where it does not apply; gives what the rule warns of.

    Raises:
        NotConformant: the plugin breaks it, or its plan cannot be read.
    """
    try:
        left_out = why_left_out(rule, subject.plan)
        found = () if left_out else tuple(rule.check(subject))
    except Unobserved as reason:
        pytest.skip(str(reason))
    except LocalAgentError as error:  # the project's table of the plan, or a plugin that starts only once
        raise NotConformant(f"error[{rule.id}] {error.place}: {error.message}\nfix: {error.fix or _START}") from error
    if left_out:
        pytest.skip(left_out)
    if found and rule.severity is Severity.ERROR:
        raise NotConformant(told(found))
    return found


_START = "let the plugin start as often as it is asked to"


class NotConformant(Exception):
    """A plugin breaks a rule; the message has two lines for each finding."""


def told(found: tuple[Diagnostic, ...]) -> str:
    """Two lines for each finding."""
    return "\n".join(
        f"{each.severity.value}[{each.rule}] {each.where}: {each.message}\nfix: {each.fix}" for each in found
    )
