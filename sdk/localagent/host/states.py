"""The state of each plugin and the reason for it, decided from what was found and what the user said."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from localagent.host.fingerprints import fingerprint
from localagent.host.journal import fingerprint_text
from localagent.host.spec import Flaw, PluginSpec, SourceKind, State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from localagent.host.consent import Consent
    from localagent.host.quarantine import Quarantine


class Verdict(NamedTuple):
    """What a listing says of a plugin.

    Attributes:
        state: the state.
        reason: why, empty for an enabled plugin.
        fix: the command that changes it.
        step: for a failed or quarantined plugin the step at which it happened.
        where: for such a plugin ``file:line`` as far as known.
    """

    state: State
    reason: str = ""
    fix: str = ""
    step: str = ""
    where: str = ""


_ENABLED = Verdict(State.ENABLED)
_DEVELOPMENT = SourceKind.DEVELOPMENT


@dataclass(frozen=True, slots=True)
class Said:
    """All that the user said about which plugins may run.

    Attributes:
        consents: of the lock file, by plugin name.
        configured: ``plugins.NAME.enabled`` of the configuration, by plugin name.
        by_environment: names in ``LOCALAGENT_PLUGINS_ENABLED``.
        development: whether plugins of development folders load.
        off_because: why no plugin may run at all and what changes that; None if they may.
        only: the names of ``--only``; None without it.
        quarantined: why plugins are kept out, or are on their way there, by name.
    """

    consents: Mapping[str, Consent]
    configured: Mapping[str, bool]
    by_environment: frozenset[str] = frozenset()
    development: bool = False
    off_because: tuple[str, str] | None = None
    only: frozenset[str] | None = None
    quarantined: Mapping[str, Quarantine] = field(default_factory=dict[str, "Quarantine"])


def judge(spec: PluginSpec, said: Said) -> Verdict:
    """The state of one plugin, others of the same name left aside."""
    verdict = _by_consent(spec, said)
    quarantine = said.quarantined.get(spec.name)
    if quarantine is None or not quarantine.is_in_force or verdict.state is not State.ENABLED:
        return verdict
    if quarantine.fingerprint != fingerprint_text(fingerprint(spec)):
        return verdict
    fix = f"localagent plugins enable {spec.name}"
    return Verdict(State.QUARANTINED, quarantine.reason, fix, quarantine.step, quarantine.where)


def _by_consent(spec: PluginSpec, said: Said) -> Verdict:
    consent = said.consents.get(spec.name)
    name = spec.name
    if said.off_because is not None:
        return Verdict(State.DISABLED, *said.off_because)
    if said.only is not None and name not in said.only:
        return Verdict(State.DISABLED, "--only names others", f"add {name} to --only")
    if not spec.source.trusted:
        return Verdict(
            State.UNTRUSTED,
            "it lies below the current folder, in a development folder that nobody agreed to run",
            f"localagent dev trust {spec.source.root}",
        )
    if said.configured.get(name) is False:
        return Verdict(
            State.DISABLED, "the configuration says enabled: false", f"localagent config unset plugins.{name}.enabled"
        )
    if consent is not None and not consent.enabled:
        return Verdict(State.DISABLED, "it was disabled", f"localagent plugins enable {name}")
    if spec.flaw is not None:
        return failed(spec.flaw, name)
    if spec.source.kind is SourceKind.BUILT_IN or (spec.source.kind is _DEVELOPMENT and said.development):
        return _ENABLED
    if spec.source.kind is _DEVELOPMENT and not spec.source.distribution:
        return Verdict(State.DISABLED, "development mode is off", "export LOCALAGENT_DEV_MODE=true")
    if said.configured.get(name) or name in said.by_environment or (consent is not None and consent.covers(spec)):
        return _ENABLED
    if consent is not None:
        return Verdict(
            State.DISABLED,
            f"it was enabled from another source ({', '.join(sorted(consent.sources))})",
            f"localagent plugins enable {name}",
        )
    return Verdict(State.DISABLED, "it was never enabled", f"localagent plugins enable {name}")


def failed(flaw: Flaw, name: str) -> Verdict:
    """The state of a plugin that cannot be loaded; where no command mends it, one switches it off."""
    mend = f"correct {flaw.where}, or: " if flaw.where else ""
    fix = flaw.fix or f"{mend}localagent plugins disable {name}"
    return Verdict(State.FAILED, flaw.message, fix, flaw.step, flaw.where)


def choose(
    specs: Iterable[PluginSpec], verdict_of: Callable[[PluginSpec], Verdict]
) -> tuple[dict[str, tuple[PluginSpec, Verdict]], list[tuple[PluginSpec, Verdict]]]:
    """One winner for each name, and the specs it puts in its shadow.

    The first that is enabled wins, else the first that failed, else the first that could be enabled, else the first.
    `specs` are in order of precedence. A plugin that two sources lead to, such as a development folder and a link, is
    one and puts itself in no shadow.
    """
    winners: dict[str, tuple[PluginSpec, Verdict]] = {}
    losers: list[PluginSpec] = []
    for spec in specs:
        verdict = verdict_of(spec)
        present = winners.get(spec.name)
        if present is None:
            winners[spec.name] = (spec, verdict)
        elif _rank(spec, verdict) < _rank(*present):
            losers.append(present[0])
            winners[spec.name] = (spec, verdict)
        else:
            losers.append(spec)
    hidden = ((spec, winners[spec.name][0]) for spec in losers)
    return winners, [(spec, _shadowed(winner)) for spec, winner in hidden if not _is_same(spec, winner)]


def _is_same(spec: PluginSpec, other: PluginSpec) -> bool:
    return (spec.source.root, spec.target) == (other.source.root, other.target)


def _rank(spec: PluginSpec, verdict: Verdict) -> int:
    if verdict.state is State.ENABLED:
        return 0
    if verdict.state in (State.FAILED, State.QUARANTINED):
        return 1
    is_out_of_reach = spec.source.kind is SourceKind.DEVELOPMENT and not spec.source.distribution
    return 3 if is_out_of_reach else 2


def _shadowed(winner: PluginSpec) -> Verdict:
    return Verdict(
        State.SHADOWED,
        f"{winner.source} offers the same name and comes first",
        "remove or disable the one you do not want",
    )
