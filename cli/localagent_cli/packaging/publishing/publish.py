"""From a project to a release: everything that can be tried is tried, then the archives are uploaded."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.version import Version

from localagent.errors import LocalAgentError, SystemProblem, UsageError, ValidationError
from localagent_cli.packaging.archive_reading import read_archive
from localagent_cli.packaging.build import build_project
from localagent_cli.packaging.publishing.rehearsal import rehearse
from localagent_cli.packaging.publishing.release import Check, Release, Verdict
from localagent_cli.packaging.publishing.source_state import check_committed, check_tag
from localagent_cli.packaging.publishing.target_index import versions_of
from localagent_cli.packaging.publishing.upload import upload
from localagent_cli.trying.scratch import scratch_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Generator
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent_cli.packaging.build import BuiltArtifacts
    from localagent_cli.packaging.publishing.target_index import TargetIndex

_BUILT = "sdist and wheel are built, and keep the rules LA5"
_NEW = "the version is new"


@dataclass(frozen=True, slots=True)
class Prospect:
    """What was found out before a release.

    Attributes:
        release: what would be uploaded; None where it could not be built.
        index: where to.
        checks: the lines of the table, in the order in which they were made.
        findings: what is wrong with the archives.
    """

    release: Release | None
    index: TargetIndex
    checks: tuple[Check, ...]
    findings: tuple[Diagnostic, ...] = ()

    @property
    def may_go(self) -> bool:
        """Whether nothing speaks against the release."""
        verdicts = {check.verdict for check in self.checks}
        return self.release is not None and not verdicts & {Verdict.NO_GO, Verdict.NOT_TRIED}


@contextlib.contextmanager
def prospect(project: Path, index: TargetIndex, *, dry_run: bool, tell: Callable[[str], None]) -> Generator[Prospect]:
    """Build a project, and try all that can be tried short of the upload; its archives last as long as the block.

    Args:
        project: its folder.
        index: where the release is to go.
        dry_run: whether nothing will be uploaded: an index that does not answer is no obstacle then.
        tell: hears what takes its time.

    Raises:
        MissingExtra: the extra ``dev`` is not installed.
        PluginError: the project's build fails.
        SystemProblem: the disk, or the throw-away index, is in the way.
        UsageError: the folder holds no project.
    """
    if not project.is_dir():
        raise UsageError("there is no such folder", file=project, fix="localagent dev publish PATH")
    with scratch_folder("localagent-publish-") as work:
        checks = [check_committed(project)]
        tell("building ...")
        try:
            built = build_project(project, out=work / "dist", strict=True, purpose="publish", tell=tell)
        except ValidationError as error:
            findings: tuple[Diagnostic, ...] = error.diagnostics  # type: ignore[assignment] # what the builder put in
            count = len(findings)
            checks.append(Check(_BUILT, Verdict.NO_GO, f"{count} finding{'s' * (count != 1)}", "localagent dev build"))
            yield Prospect(None, index, tuple(checks), findings)
            return
        release = _release(project, built)
        detail = f"{release}: {built.mode}, in {built.seconds:.1f} s; the wheel from the sdist"
        checks.append(Check(_BUILT, Verdict.GO, detail))
        checks += [check_tag(project, release.tag), _check_version(release, index, dry_run=dry_run)]
        checks += rehearse(release, work=work / "rehearsal", tell=tell)
        yield Prospect(release, index, tuple(checks))


def publish(found: Prospect, *, keep_in: Path) -> Release:
    """Upload a release against which nothing speaks, and keep its archives in the folder `keep_in`.

    Raises:
        SystemProblem: the index does not take it.
        LocalAgentError: something speaks against it.
    """
    if found.release is None or not found.may_go:
        raise LocalAgentError("this release must not go", fix="localagent dev publish --dry-run")
    keep_in.mkdir(parents=True, exist_ok=True)
    for archive in found.release.archives:
        (keep_in / archive.name).write_bytes(archive.read_bytes())
    upload(found.release.archives, found.index)
    return found.release


def commands_for(release: Release, *, dist: Path) -> list[str]:
    """The commands that tag the release and tell GitHub of it."""
    archives = " ".join(str(dist / archive.name) for archive in release.archives)
    return [
        f'git tag -a {release.tag} -m "{release}"',
        f"git push origin {release.tag}",
        f'gh release create {release.tag} {archives} --title "{release}" --generate-notes',
    ]


def _release(project: Path, built: BuiltArtifacts) -> Release:
    assert built.sdist is not None  # noqa: S101 - both were asked for
    assert built.wheel is not None  # noqa: S101 - as above
    archive = read_archive(built.wheel)
    plugins = tuple(dict.fromkeys(entry.name for entry in archive.entries))
    return Release(
        project.resolve(),
        archive.metadata.get("name", ""),
        archive.metadata.get("version", ""),
        built.sdist,
        built.wheel,
        plugins,
    )


def _check_version(release: Release, index: TargetIndex, *, dry_run: bool) -> Check:
    try:
        versions = versions_of(release.name, index)
    except SystemProblem as error:
        return Check(_NEW, Verdict.WARNING if dry_run else Verdict.NO_GO, error.message, error.fix or "")
    if Version(release.version) in versions:
        fix = "raise the version in pyproject.toml and in the manifest"
        return Check(_NEW, Verdict.NO_GO, f"{index.simple} has {release} already", fix)
    return Check(_NEW, Verdict.GO, f"{index.simple} has {len(versions)} other{'s' * (len(versions) != 1)}")
