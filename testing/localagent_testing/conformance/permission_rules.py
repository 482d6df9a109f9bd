"""The rules of permissions: what the plugin was seen to use, held against what its manifest declares."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from localagent.diagnostics.diagnostic import Place, Severity
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.document import read_document
from localagent.manifest.model import manifest_of
from localagent.manifest.plain import is_list, is_mapping
from localagent_testing.audit.declared import Ground, line_to_add, undeclared, unused
from localagent_testing.conformance.judging import Unobserved, require_ready

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from localagent.manifest.document import Document
    from localagent.manifest.model import Permissions
    from localagent_testing.audit.recorder import Recorder
    from localagent_testing.conformance.subject import Subject

OPTION = "--localagent-audit"
"""What makes pytest record, and apply these rules."""


def uses_only_what_it_declares(subject: Subject) -> Iterator[Finding]:
    """Uses that no permission covers."""
    recorder, document = _recorded(subject), _document(subject)
    yield from undeclared_findings(recorder, manifest_of(document).permissions, _hosts_in(subject))


def declares_only_what_it_uses(subject: Subject) -> Iterator[Finding]:
    """Permissions that nothing needed while the rules ran."""
    recorder, document = _recorded(subject), _document(subject)
    for kind, word in unused(recorder.uses, manifest_of(document).permissions):
        what = kind if word is True else f"{kind}: {word}"
        message = f"the manifest declares '{what}', and nothing that was tried used it"
        fix = f"remove it from permissions.{kind}, or let a command line in pyproject.toml try what needs it"
        yield Finding(message, document.where(("permissions", kind)), fix)


def undeclared_findings(
    recorder: Recorder, permissions: Permissions, hosts: frozenset[str] = frozenset()
) -> Iterator[Finding]:
    """What is told of each use that no permission covers.

    Args:
        recorder: what was recorded.
        permissions: those of the manifest.
        hosts: that need none.
    """
    spec = recorder.spec
    root = spec.code_root or spec.source.root
    ground = Ground(spec.name, root, frozenset(recorder.homes), hosts)
    for use in undeclared(recorder.uses, permissions, ground):
        file = Path(use.file) if use.file else spec.module_file or root
        message = f"it {use}, which permissions.{use.kind} does not declare"
        fix = f"add to plugin-manifest.yaml under permissions: {line_to_add(use, permissions)}"
        yield Finding(message, Place(file, use.line or None), fix)


def _recorded(subject: Subject) -> Recorder:
    if subject.recorder is None:
        raise Unobserved(f"nothing was recorded: run pytest with {OPTION}")
    require_ready(subject.life)
    return subject.recorder


def _document(subject: Subject) -> Document:
    manifest = subject.spec.manifest_file
    if manifest is None:
        raise Unobserved("it has no manifest that could declare permissions")
    return read_document(manifest)


def _hosts_in(subject: Subject) -> frozenset[str]:
    """The hosts that it was sent to by a test: those in the settings that it is tried with, and our stand-ins."""
    told = (*_texts(subject.plan.settings), *_texts(subject.plan.provider))
    return frozenset(filter(None, (urlsplit(text).hostname for text in told if "://" in text))) | subject.stand_ins


def _texts(value: Any) -> Iterable[str]:
    if is_mapping(value):
        return [text for each in value.values() for text in _texts(each)]
    if is_list(value):
        return [text for each in value for text in _texts(each)]
    return [value] if isinstance(value, str) else []


CHECKS: dict[str, Rule[Subject]] = {
    "declares-what-it-uses": Rule(
        "LA650",
        "Files, network, processes, environment and native libraries that are used are declared",
        uses_only_what_it_declares,
        tier=Tier.GOLD,
        explanation=(
            "Users agree to the permissions of a manifest before they enable a plugin. What is recorded while the "
            "rules run is evidence, not a fence: what a library in C does by itself is not seen."
        ),
        bad="permissions: {network: [api.example.org]}  # and the plugin starts git",
        good="permissions: {network: [api.example.org], process: [git]}",
    ),
    "uses-what-it-declares": Rule(
        "LA651",
        "Every permission that is declared is used",
        declares_only_what_it_uses,
        tier=Tier.PLATINUM,
        severity=Severity.WARNING,
        explanation=(
            "A permission that nothing needs makes users trust less than they could. It may be needed by what the "
            "rules do not try, so this only warns."
        ),
        bad="permissions: {network: true}  # and nothing connects",
        good="permissions: {}",
    ),
}
"""The rules by the word that follows the id in a test's name; they are applied where somebody asks for the audit."""
