"""A plugin as pytest sees it: it holds one test for each conformance rule."""

# pyright: reportUnknownMemberType=false
# pytest leaves the constructors of its nodes untyped.

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import pytest

from localagent.diagnostics.diagnostic import Severity
from localagent_testing.conformance.life import Life, observe
from localagent_testing.conformance.rules import CHECKS, Unobserved
from localagent_testing.report import RULE_PROPERTY, WARNING_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.diagnostics.rule import Rule
    from localagent.host.spec import PluginSpec


class PluginNode(pytest.Collector):
    """A plugin, whose life is observed when the first of its rules runs."""

    def __init__(self, *, spec: PluginSpec, **pytests: Any) -> None:
        super().__init__(**pytests)
        self._spec = spec

    @cached_property
    def life(self) -> Life:
        """The plugin's life."""
        return observe(self._spec)

    def collect(self) -> Iterator[RuleItem]:
        """A test for each rule."""
        for word, rule in CHECKS.items():
            yield RuleItem.from_parent(self, name=f"{rule.id}-{word}", plugin=self, rule=rule)


class RuleItem(pytest.Item):
    """One rule applied to one plugin."""

    def __init__(self, *, plugin: PluginNode, rule: Rule[Life], **pytests: Any) -> None:
        super().__init__(**pytests)
        self._plugin = plugin
        self._rule = rule
        self.user_properties.append((RULE_PROPERTY, rule.id))

    def runtest(self) -> None:
        """Judge the plugin's life."""
        try:
            found = tuple(self._rule.check(self._plugin.life))
        except Unobserved as reason:
            pytest.skip(str(reason))
        if found and self._rule.severity is Severity.ERROR:
            raise NotConformant(found)
        if found:
            self.user_properties.append((WARNING_PROPERTY, _told(found)))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What is wrong and how to mend it, without the frames of the testing kit."""
        if isinstance(excinfo.value, NotConformant):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """The heading of a failure."""
        return self.path, None, f"{self._plugin.name}: {self._rule.title}"


class NotConformant(Exception):
    """A plugin breaks a rule."""

    def __init__(self, found: tuple[Diagnostic, ...]) -> None:
        super().__init__(_told(found))


def _told(found: tuple[Diagnostic, ...]) -> str:
    """Two lines for each finding."""
    return "\n".join(
        f"{each.severity.value}[{each.rule}] {each.where}: {each.message}\nfix: {each.fix}" for each in found
    )
