"""Rules LA113 and LA114: the files that a manifest names are there, within the project."""

from __future__ import annotations

from pathlib import PurePosixPath

from localagent.diagnostics.edits import replacing
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.layout import inside, is_file
from localagent.manifest.wording import did_you_mean, dotted, nearest, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from localagent.diagnostics.project import Project
    from localagent.manifest.composing import KeyPath


def missing_files(project: Project) -> Iterator[Finding]:
    """Named files that are not there, unless the manifest came alone."""
    if not project.has_tree:
        return
    for path, named, folders in _named(project):
        within = [file for file in (inside(folder, named) for folder in folders) if file]
        if within and not any(is_file(file) for file in within):
            message = f"'{dotted(path)}' names '{shown(named)}', which is not a file in {_called(folders[0], project)}"
            fix = "add the file, correct its path, or remove the key"
            hint, near = _near(named, within)
            yield Finding(message, project.where(*path), fix, hint=hint, edit=replacing(named, near))


def outside_files(project: Project) -> Iterator[Finding]:
    """Named files outside of the project."""
    for path, named, folders in _named(project):
        if not any(inside(folder, named) for folder in folders):
            message = f"'{dotted(path)}' names '{shown(named)}', which leaves {_called(folders[0], project)}"
            yield Finding(message, project.where(*path), "name a file within it by a relative path without '..'")


def _named(project: Project) -> Iterator[tuple[KeyPath, str, tuple[Path, ...]]]:
    """Path in the manifest, file named there, and the folders it may be relative to."""
    beside = project.manifest_file.parent
    for section, key, folders in (
        ("configuration", "schema_file", (beside,)),
        ("documentation", "readme", (project.root, beside)),
        ("documentation", "api_docs", (project.root, beside)),
    ):
        named = project.text(section, key)
        if section == "documentation" and project.info is not None:
            # Wheels carry no documentation.
            continue
        is_address = section == "documentation" and named.startswith(("https://", "http://"))
        if named and not is_address:
            yield (section, key), named, folders


def _near(named: str, files: Sequence[Path]) -> tuple[str, str]:
    """A question for the file that was probably meant, and its path; no path where it is of another sort."""
    present = {file.name for missing in files if missing.parent.is_dir() for file in missing.parent.iterdir()}
    name = PurePosixPath(named).name
    # A folder or a pipe of that name may be there, which is not meant.
    near = nearest(name, sorted(present - {name}))
    path = str(PurePosixPath(named).with_name(near)) if near else ""
    hint = did_you_mean(named, [path]) if path else ""
    return hint, path if PurePosixPath(path).suffix == PurePosixPath(named).suffix else ""


def _called(folder: Path, project: Project) -> str:
    return "the project's folder" if folder == project.root else "the manifest's folder"


RULES = (
    Rule(
        "LA113",
        "Named files exist",
        missing_files,
        tier=Tier.BRONZE,
        explanation=(
            "The settings' schema is looked for beside the manifest, documentation from the project's folder. A "
            "manifest that is checked alone, without a project around it, is not asked for its files."
        ),
        bad="configuration: {schema_file: config/schema.jsn}\n",
        good="configuration: {schema_file: config/schema.json}\n",
    ),
    Rule(
        "LA114",
        "Named files lie within the project",
        outside_files,
        tier=Tier.BRONZE,
        explanation=(
            "What lies outside is not in the wheel, and a manifest must not make anyone read a stranger's files. Links "
            "are followed before this is judged."
        ),
        bad="documentation: {readme: ../README.md}\n",
        good="documentation: {readme: README.md}\n",
    ),
)
