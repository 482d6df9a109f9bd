"""Every rule of conformance applied to one plugin, for tests to look at."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from localagent_testing.audit.recorder import Recorder
from localagent_testing.conformance.judging import Unobserved
from localagent_testing.conformance.rules import checks_of
from localagent_testing.conformance.subject import Subject
from localagent_testing.conformance.target import source_target

if TYPE_CHECKING:
    from collections.abc import Generator

    from localagent.diagnostics.diagnostic import Diagnostic


@dataclass
class Judged:
    """What the rules said of one life, by their ids."""

    broken: dict[str, list[Diagnostic]] = field(default_factory=dict)
    unobserved: dict[str, str] = field(default_factory=dict)


def live(folder: Path, environ: dict[str, str] | None = None) -> Subject:
    (spec,) = source_target(folder.resolve()).specs
    return Subject(spec, environ or {})


@contextmanager
def audited(folder: Path) -> Generator[Subject]:
    """A subject whose uses are recorded within."""
    (spec,) = source_target(folder.resolve()).specs
    recorder = Recorder(spec)
    recorder.start()
    try:
        yield Subject(spec, {}, recorder=recorder)
    finally:
        recorder.stop()


def judge(subject: Subject, only: str | None = None) -> Judged:
    """What all rules say, or the one with the id `only`."""
    judged = Judged()
    checks = checks_of(subject.spec, audited=subject.recorder is not None).values()
    for rule in (check for check in checks if only in (None, check.id)):
        try:
            found = list(rule.check(subject))
        except Unobserved as reason:
            judged.unobserved[rule.id] = str(reason)
        else:
            judged.broken.update({rule.id: found} if found else {})
    return judged
