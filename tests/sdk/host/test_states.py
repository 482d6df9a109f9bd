"""The state of each plugin."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localagent.host.consent import Consent
from localagent.host.spec import Flaw, PluginSpec, Source, SourceKind, State
from localagent.host.states import Said, Verdict, choose, judge

HOME = PluginSpec("hello", "command", "m:C", Source(SourceKind.HOME, Path("/home/plugins/hello")))
DEVELOPED = replace(HOME, source=Source(SourceKind.DEVELOPMENT, Path("/code/dev-plugins/hello")))
LINKED = replace(
    HOME, source=Source(SourceKind.DEVELOPMENT, Path("/code/hello"), distribution="hello-dist", editable=True)
)
STRANGE = replace(DEVELOPED, source=replace(DEVELOPED.source, trusted=False))
FLAWED = replace(HOME, flaw=Flaw("manifest", "it is torn", "a.yaml:1", "mend it"))
NOTHING_SAID = Said({}, {})


def enabled(spec: PluginSpec) -> Said:
    return Said({spec.name: Consent(enabled=True, sources=frozenset(spec.source.identities))}, {})


@pytest.mark.parametrize(
    ("spec", "said", "state", "reason", "fix"),
    [
        (HOME, NOTHING_SAID, State.DISABLED, "never enabled", "plugins enable hello"),
        (HOME, enabled(HOME), State.ENABLED, "", ""),
        (HOME, enabled(LINKED), State.DISABLED, "enabled from another source (distribution:", "plugins enable hello"),
        (HOME, Said({}, {"hello": True}), State.ENABLED, "", ""),
        (HOME, Said({}, {}, by_environment=frozenset({"hello"})), State.ENABLED, "", ""),
        (HOME, replace(enabled(HOME), configured={"hello": False}), State.DISABLED, "enabled: false", "config unset"),
        (
            HOME,
            Said({}, {"hello": False}, by_environment=frozenset({"hello"})),
            State.DISABLED,
            "enabled: false",
            "config unset plugins.hello.enabled",
        ),
        (
            HOME,
            Said({"hello": Consent(enabled=False, sources=frozenset())}, {"hello": True}, frozenset({"hello"})),
            State.DISABLED,
            "it was disabled",
            "plugins enable hello",
        ),
        (HOME, replace(enabled(HOME), only=frozenset({"other"})), State.DISABLED, "--only", "add hello to --only"),
        (HOME, replace(enabled(HOME), only=frozenset({"hello"})), State.ENABLED, "", ""),
        (HOME, replace(enabled(HOME), off_because=("torn", "mend")), State.DISABLED, "torn", "mend"),
        (FLAWED, enabled(FLAWED), State.FAILED, "it is torn", "mend it"),
        (FLAWED, NOTHING_SAID, State.FAILED, "it is torn", "mend it"),
        (FLAWED, Said({}, {"hello": False}), State.DISABLED, "enabled: false", ""),
        (DEVELOPED, NOTHING_SAID, State.DISABLED, "development mode is off", "export LOCALAGENT_DEV_MODE=true"),
        (DEVELOPED, enabled(DEVELOPED), State.DISABLED, "development mode is off", ""),
        (DEVELOPED, Said({}, {}, development=True), State.ENABLED, "", ""),
        (LINKED, NOTHING_SAID, State.DISABLED, "never enabled", ""),
        (LINKED, enabled(LINKED), State.ENABLED, "", ""),
        (STRANGE, Said({}, {}, development=True), State.UNTRUSTED, "nobody agreed", "dev trust /code/dev-plugins"),
    ],
)
def test_the_state_follows_from_what_the_user_said(
    spec: PluginSpec, said: Said, state: State, reason: str, fix: str
) -> None:
    verdict = judge(spec, said)
    assert verdict.state is state
    assert reason in verdict.reason
    assert fix in verdict.fix
    assert (verdict.reason == "") == (state is State.ENABLED)


CONSENTS = st.none() | st.builds(
    Consent,
    enabled=st.booleans(),
    sources=st.sampled_from([HOME, DEVELOPED, LINKED]).map(lambda spec: frozenset(spec.source.identities)),
)
SAID = st.builds(
    Said,
    CONSENTS.map(lambda consent: {} if consent is None else {"hello": consent}),
    st.sampled_from([{}, {"hello": True}, {"hello": False}]),
    by_environment=st.sampled_from([frozenset(), frozenset({"hello"})]),
    development=st.booleans(),
    off_because=st.sampled_from([None, ("torn", "mend")]),
    only=st.sampled_from([None, frozenset(), frozenset({"hello"})]),
)
SPECS = st.sampled_from([HOME, DEVELOPED, LINKED, STRANGE, FLAWED])


@given(SPECS, SAID)
def test_no_word_for_it_beats_a_word_against_it(spec: PluginSpec, said: Said) -> None:
    consent = said.consents.get("hello")
    against = (
        said.off_because is not None
        or said.configured.get("hello") is False
        or (consent is not None and not consent.enabled)
        or (said.only is not None and "hello" not in said.only)
        or not spec.source.trusted
        or spec.flaw is not None
    )
    if against:
        assert judge(spec, said).state is not State.ENABLED


@given(SPECS, SAID)
def test_only_what_is_not_enabled_has_a_reason_and_a_way_out(spec: PluginSpec, said: Said) -> None:
    verdict = judge(spec, said)
    assert (verdict == Verdict(State.ENABLED)) == (verdict.reason == "") == (verdict.fix == "")


def test_a_failure_tells_its_step_and_place() -> None:
    assert judge(FLAWED, NOTHING_SAID) == Verdict(State.FAILED, "it is torn", "mend it", "manifest", "a.yaml:1")


def numbered(count: int, names: list[str], kinds: list[SourceKind]) -> list[PluginSpec]:
    return [
        PluginSpec(names[number % len(names)], "command", "m:C", Source(kinds[number % len(kinds)], Path(f"/{number}")))
        for number in range(count)
    ]


@given(st.data(), st.integers(0, 7))
def test_of_each_name_one_wins_and_the_others_are_in_its_shadow(data: st.DataObject, count: int) -> None:
    names = data.draw(st.lists(st.sampled_from(["a", "b"]), min_size=count, max_size=count)) or ["a"]
    specs = numbered(count, names, [SourceKind.HOME])
    states = data.draw(st.lists(st.sampled_from(list(State)), min_size=count, max_size=count))
    verdicts = {spec: Verdict(state, "why") for spec, state in zip(specs, states, strict=True)}
    winners, losers = choose(specs, verdicts.__getitem__)
    assert set(winners) == {spec.name for spec in specs}
    assert {spec for spec, _ in winners.values()} | {spec for spec, _ in losers} == set(specs)
    assert len(winners) + len(losers) == count
    for spec, verdict in losers:
        assert verdict.state is State.SHADOWED
        assert str(winners[spec.name][0].source) in verdict.reason


@given(st.lists(st.sampled_from(list(State)), min_size=1, max_size=6))
def test_the_first_enabled_wins_else_the_first_failed_else_the_first(states: list[State]) -> None:
    specs = numbered(len(states), ["a"], [SourceKind.HOME])
    verdicts = dict(zip(specs, map(Verdict, states), strict=True))
    winners, _ = choose(specs, verdicts.__getitem__)
    ranks = {State.ENABLED: 0, State.FAILED: 1, State.QUARANTINED: 1}
    expected = min(specs, key=lambda spec: ranks.get(verdicts[spec].state, 2))
    assert winners["a"] == (expected, verdicts[expected])


def test_what_development_mode_would_have_to_load_gives_way_to_what_could_be_enabled() -> None:
    winners, losers = choose([DEVELOPED, HOME], lambda spec: judge(spec, NOTHING_SAID))
    assert winners["hello"][0] == HOME
    assert losers[0][0] == DEVELOPED
    winners, _ = choose([LINKED, HOME], lambda spec: judge(spec, NOTHING_SAID))
    assert winners["hello"][0] == LINKED


def test_development_comes_first_when_the_mode_is_on() -> None:
    said = replace(enabled(HOME), development=True)
    winners, losers = choose([DEVELOPED, HOME], lambda spec: judge(spec, said))
    assert winners["hello"] == (DEVELOPED, Verdict(State.ENABLED))
    assert losers[0][1].reason == "/code/dev-plugins/hello offers the same name and comes first"
