"""Rules LA100 and LA101: there is a manifest, and it can be read."""

from __future__ import annotations

from localagent.diagnostics.diagnostic import Place
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.model import SMALLEST_MANIFEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.diagnostics.project import Project
    from localagent.errors import ManifestError


def unreadable(project: Project) -> Iterator[Finding]:
    """The place where strict reading stopped."""
    if project.unreadable is not None:
        yield stopped(project.unreadable, project)


def stopped(error: ManifestError, project: Project) -> Finding:
    """What a reader's error says, as a finding."""
    where = Place(project.manifest_file, error.line, error.column)
    return Finding(error.message, where, error.fix or "correct the file")


def missing(project: Project) -> Iterator[Finding]:
    """The absence of a manifest."""
    if project.document is None and project.unreadable is None:
        name = project.manifest_file.name
        yield Finding(
            "there is no manifest",
            Place(project.manifest_file, 1, 1),
            f"write {name}, at the least:\n{SMALLEST_MANIFEST}",
        )


RULES = (
    Rule(
        "LA100",
        "The manifest can be read",
        unreadable,
        tier=Tier.BRONZE,
        explanation=(
            "A manifest is a mapping in plain YAML 1.2, in UTF-8, of at most 256 kB. Tags, anchors, aliases, duplicate "
            "keys and several documents in one file are refused: they mean something else in every reader, and some "
            "of them are ways to attack one."
        ),
        bad="name: my-plugin\nname: other-plugin\n",
        good="name: my-plugin\n",
    ),
    Rule(
        "LA101",
        "There is a manifest",
        missing,
        tier=Tier.BRONZE,
        explanation=(
            "The manifest tells what a plugin is and needs without running any of its code. It lies in the project's "
            "folder, or in the package that the entry point names, and is called plugin-manifest.yaml."
        ),
        bad="(no file)\n",
        good=SMALLEST_MANIFEST,
    ),
)
