"""The rules as classes to derive from, for tests beside a plugin's own: ``class TestMine(ProviderConformance)``."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

import pytest

from localagent_testing.conformance.plan import Plan, plan_of
from localagent_testing.conformance.rules import GENERAL, OF_KIND
from localagent_testing.conformance.subject import Subject
from localagent_testing.nodes import NotConformant, judge, told
from localagent_testing.report import WARNING_PROPERTY
from localagent_testing.specs import spec_of
from localagent_testing.under_test import NotOne

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent.diagnostics.rule import Rule
    from localagent.host.spec import PluginSpec
    from localagent.plugins.base import Plugin

    Suite = TypeVar("Suite", bound="type[PluginConformance]")

_SUBJECT: pytest.StashKey[Subject] = pytest.StashKey()


def _testing(checks: Mapping[str, Rule[Subject]]) -> Callable[[Suite], Suite]:
    """Give a class one test for each rule: ``test_completes`` for ``completes``."""

    def add(suite: Suite) -> Suite:
        tests = {f"test_{word.replace('-', '_')}": rule for word, rule in checks.items()}
        suite.rules = {**suite.rules, **tests}
        for name, rule in tests.items():
            setattr(suite, name, _test_of(name, rule))
        return suite

    return add


def _test_of(name: str, rule: Rule[Subject]) -> Callable[..., None]:
    def test(_suite: PluginConformance, conformance_subject: Subject, request: pytest.FixtureRequest) -> None:
        warned: tuple[Diagnostic, ...] = ()
        broken = ""
        try:
            warned = judge(rule, conformance_subject)
        except NotConformant as error:
            broken = str(error)
        if broken:  # not within the handler: pytest would show both
            pytest.fail(broken, pytrace=False)
        if warned:
            request.node.user_properties.append((WARNING_PROPERTY, told(warned)))

    test.__name__ = name
    test.__doc__ = f"{rule.id}: {rule.title}."
    return test


def _missing(name: str, rule: Rule[Subject]) -> Callable[..., None]:
    def test(suite: PluginConformance) -> None:
        name_of_suite = type(suite).__name__
        pytest.fail(
            f"error[{rule.id}] {name_of_suite} drops or replaces {name}\n"
            f"fix: remove {name} from {name_of_suite}, or mark it with @pytest.mark.xfail(reason=…)",
            pytrace=False,
        )

    test.__name__ = name
    return test


@_testing(GENERAL)
class PluginConformance:
    """The rules that every plugin keeps, as tests.

    A subclass may not drop or replace a test; one that cannot pass yet is marked so, with the reason::

        test_exports = pytest.mark.xfail(reason="waits for …")(UIConformance.test_exports)

    Attributes:
        rules: the rule of each test; set by the classes here.
        plugin_class: the plugin's class; None means the plugin under test, as for the fixtures.
        settings: the plugin's settings beside its defaults.
        provider: the settings of its provider.
        service: the protocol of the provider's service, which a server of the kit then takes the place of.
        commands: command lines that end well and change nothing that matters, as words.
        data: data to draw by component.
    """

    rules: ClassVar[Mapping[str, Rule[Subject]]] = {}
    plugin_class: ClassVar[type[Plugin] | None] = None
    settings: ClassVar[Mapping[str, Any]] = {}
    provider: ClassVar[Mapping[str, Any]] = {}
    service: ClassVar[str] = ""
    commands: ClassVar[Sequence[Sequence[str]]] = ()
    data: ClassVar[Mapping[str, Any]] = {}

    def __init_subclass__(cls) -> None:
        """Put a test that fails in the place of each one that the subclass dropped or replaced."""
        super().__init_subclass__()
        for name in cls.rules.keys() & vars(cls).keys():
            if not _is_expected_to_fail(vars(cls)[name]):
                setattr(cls, name, _missing(name, cls.rules[name]))

    @pytest.fixture
    def conformance_subject(self, request: pytest.FixtureRequest) -> Subject:
        """The plugin that is judged, one for all tests of the class."""
        stash: pytest.Stash = request.node.getparent(pytest.Class).stash
        if _SUBJECT not in stash:
            spec = self._spec(request.config)
            stash[_SUBJECT] = Subject(spec, plan=self._plan(plan_of(spec)))
        return stash[_SUBJECT]

    def _spec(self, config: pytest.Config) -> PluginSpec:
        from localagent_testing.fixtures import UNDER_TEST

        if self.plugin_class is not None:
            return spec_of(self.plugin_class())
        try:
            return config.stash[UNDER_TEST].spec
        except NotOne as reason:
            pytest.fail(str(reason).replace("override the fixture plugin_class", "set plugin_class"), pytrace=False)

    def _plan(self, plan: Plan) -> Plan:
        """The project's plan with what the class says instead."""
        return dataclasses.replace(
            plan,
            settings=self.settings or plan.settings,
            provider=self.provider or self.settings or plan.provider,
            service=self.service or plan.service,
            commands=tuple(map(tuple, self.commands)) or plan.commands,
            data=self.data or plan.data,
        )


@_testing(OF_KIND["command"])
class CommandConformance(PluginConformance):
    """The rules of command plugins, as tests."""


@_testing(OF_KIND["provider"])
class ProviderConformance(PluginConformance):
    """The rules of provider plugins, as tests."""


@_testing(OF_KIND["ui"])
class UIConformance(PluginConformance):
    """The rules of UI plugins, as tests."""


@_testing(OF_KIND["workflow"])
class WorkflowConformance(PluginConformance):
    """The rules of workflow plugins, as tests."""


def _is_expected_to_fail(test: Any) -> bool:
    """Whether a test is marked as one that fails, with the reason."""
    marks: list[pytest.Mark] = getattr(test, "pytestmark", [])
    return any(mark.name == "xfail" and mark.kwargs.get("reason") for mark in marks)
