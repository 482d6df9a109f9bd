"""What can be wrong with a plugin's repository and what this Python has for it, found without running the plugin."""

from __future__ import annotations

import platform
import shlex
import sys
from importlib.util import find_spec
from typing import TYPE_CHECKING

from localagent.diagnostics.diagnostic import Severity
from localagent.diagnostics.project import open_project
from localagent.diagnostics.requirements import distributed_requirements
from localagent.diagnostics.validation import validate_path
from localagent.host.examination import Check, Verdict
from localagent.host.identity import identify_folder
from localagent.host.needed_distributions import unmet
from localagent.host.spec import Source, SourceKind
from localagent.manifest.plain import texts_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path
    from typing import Any

_BUILT_WITH = "build-system"
_PYTHONS = tuple(f"3.{minor}" for minor in range(14, 10, -1))
"""From new to old: LocalAgent runs on all that there are of these."""


def examine_repository(root: Path) -> list[Check]:
    """Look at rules, host and Python that its plugins ask for, dependencies, and what tests and builds it.

    Args:
        root: the source folder, which has the manifest or ``pyproject.toml``.
    """
    project = open_project(root)
    pyproject = project.readable_pyproject
    metadata = pyproject.table("project") if pyproject else {}
    built_with = pyproject.table(_BUILT_WITH) if pyproject else {}
    required = [each.text for each in distributed_requirements(project) or () if not each.is_optional]
    return [
        *_rules(root),
        *_fits_host(root),
        *_fits_python(root, metadata),
        *_requirements(root, required),
        *_tools(root, built_with),
    ]


def _rules(root: Path) -> Iterator[Check]:
    """How many findings the static rules have."""
    found = validate_path(root).diagnostics
    errors = sum(each.severity is Severity.ERROR for each in found)
    if not found:
        yield Check("rules", Verdict.FINE, "the static rules find nothing")
        return
    fixable = sum(each.edit is not None for each in found)
    detail = (
        f"{errors} errors and {len(found) - errors} lesser findings, the first: {found[0].where}: {found[0].message}"
    )
    fix = f"localagent dev validate {shlex.quote(str(root))}{' --fix' if fixable else ''}"
    yield Check("rules", Verdict.WRONG if errors else Verdict.NOTE, detail, fix)


def _fits_host(root: Path) -> Iterator[Check]:
    """Whether its plugins can run in this host."""
    for spec in identify_folder(root, Source(SourceKind.DEVELOPMENT, root)):
        if spec.flaw is not None:
            fix = spec.flaw.fix or f"localagent dev validate {shlex.quote(str(root))}"
            yield Check(f"plugin {spec.name}", Verdict.WRONG, f"{spec.flaw.where}: {spec.flaw.message}", fix)
        else:
            yield Check(f"plugin {spec.name}", Verdict.FINE, f"{spec.kind}, version {spec.version}, runs in this host")


def _fits_python(root: Path, metadata: Mapping[str, Any]) -> Iterator[Check]:
    """Whether this Python is one that it says it runs on."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    present, wanted = platform.python_version(), metadata.get("requires-python")
    if not isinstance(wanted, str):
        return
    try:
        range_ = SpecifierSet(wanted)
    except InvalidSpecifier:
        return  # one of the rules tells
    if range_.contains(present, prereleases=True):
        yield Check("Python", Verdict.FINE, f"{present}, and the project asks for {wanted}")
        return
    other = next(filter(range_.contains, _PYTHONS), "")
    fix = (
        f"uv venv --python {other} && uv pip install localagent"
        if other
        else f"edit requires-python in {root / 'pyproject.toml'}"
    )
    yield Check("Python", Verdict.WRONG, f"this is {present}, and the project asks for {wanted}", fix)


def _requirements(root: Path, required: list[str]) -> Iterator[Check]:
    """Whether this environment has what it depends on."""
    missing = [str(each) for each in unmet(required, sys.path)]
    for each in missing:
        yield Check("requirements", Verdict.WRONG, each, f"python -m pip install -e {shlex.quote(str(root))}")
    if not missing:
        yield Check("requirements", Verdict.FINE, "all are installed" if required else "none")


def _tools(root: Path, built_with: Mapping[str, Any]) -> Iterator[Check]:
    """Whether what tests and builds it is there."""
    if find_spec("pytest") is None:
        fix = "python -m pip install 'localagent[test]'"
        yield Check("tests", Verdict.NOTE, "pytest is not installed, so 'plugins test' does not work", fix)
    if (backend := built_with.get("build-backend")) is not None and find_spec("build") is None:
        fix = "python -m pip install 'localagent[dev]'"
        yield Check("build", Verdict.NOTE, f"the build frontend is not installed, so {backend} is not called", fix)
    missing = list(unmet(texts_in(built_with.get("requires")), sys.path))
    if missing:
        detail = f"{missing[0]}, so each build makes an environment of its own, which takes longer"
        yield Check("build", Verdict.NOTE, detail, f"python -m pip install '{missing[0].needed.replace(' ', '')}'")
    if not (root / ".git").exists() and not any((parent / ".git").exists() for parent in root.parents):
        yield Check("history", Verdict.NOTE, "it is under no version control, which publishing asks for", "git init")
