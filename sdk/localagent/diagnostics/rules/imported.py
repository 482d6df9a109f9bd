"""Rules LA3: what the code imports is declared, is there, and is public."""

from __future__ import annotations

import sys
from typing import Any

from localagent.diagnostics.diagnostic import Severity
from localagent.diagnostics.edits import replacing
from localagent.diagnostics.imports import imports_in, is_brought_by, is_standard, likely_distribution
from localagent.diagnostics.requirements import distributed_requirements, manifest_requirements
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.diagnostics.shipped import own_modules, shipped_sources
from localagent.manifest.wording import did_you_mean, nearest, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.diagnostics.imports import Import
    from localagent.diagnostics.project import Project
    from localagent.diagnostics.source import Source

# What a plugin's contract is written in comes with the host.
_PROVIDED = frozenset({"app", "localagent", "localagent_testing", "rich", "typer"})
_GUIDE = "app.cli.plugins.framework"
_GUIDES_PLACES = {
    _GUIDE: "localagent",
    "app.llm_providers.base_provider": "localagent",
    "app.cli.core.app": "localagent_cli",
}


def undeclared_imports(project: Project) -> Iterator[Finding]:
    """Imports of what nothing declares to be needed."""
    distributed = distributed_requirements(project)
    if distributed is None:
        return
    declared = {each.name for each in (*distributed, *manifest_requirements(project))}
    known = own_modules(project) | _PROVIDED
    told: set[str] = set()
    for source, each in _imports(project):
        if not each.top or each.may_fail or each.top in known or each.top in told or is_standard(each.top):
            continue
        if not is_brought_by(each.top, declared):
            told.add(each.top)
            message = f"'{shown(each.top)}' is imported, but no dependency brings it"
            fix = f'add "{shown(likely_distribution(each.top))}" to [project] dependencies and to dependencies.required'
            yield Finding(message, source.place(each.node), fix)


def unknown_names(project: Project) -> Iterator[Finding]:
    """Names that this LocalAgent does not have."""
    public = _public_names()
    for source, each in _imports(project):
        if each.module in ("localagent", _GUIDE) and each.name not in ("", "*") and each.name not in public:
            if each.module == "localagent" and _is_module(each.name):
                continue
            message = f"LocalAgent has no '{shown(each.name)}'"
            fix = "import a name that localagent.__all__ has, or ask for a newer LocalAgent"
            edit = replacing(each.name, nearest(each.name, public))
            yield Finding(message, source.place(each.node), fix, hint=did_you_mean(each.name, public), edit=edit)


def private_modules(project: Project) -> Iterator[Finding]:
    """Modules of LocalAgent that may change from one version to the next."""
    public = _public_names()
    for source, each in _imports(project):
        is_inside = each.module.startswith("localagent.")
        if is_inside or (each.module == "localagent" and each.name not in public and _is_module(each.name)):
            module = each.module if is_inside else f"localagent.{each.name}"
            message = f"{shown(module)} is not public, so it may change with any version"
            name = each.name if is_inside and each.name in public else "..."
            yield Finding(message, source.place(each.node), f"from localagent import {name}")


def guides_paths(project: Project) -> Iterator[Finding]:
    """The development guide's import paths, which type checkers cannot follow."""
    for source, each in _imports(project):
        if each.module in _GUIDES_PLACES:
            message = f"{each.module} works, but no type checker or editor can follow it"
            home = _GUIDES_PLACES[each.module]
            edit = replacing(f"from {each.module} import", f"from {home} import")
            yield Finding(message, source.place(each.node), f"from {home} import {each.name}", edit=edit)


def _imports(project: Project) -> Iterator[tuple[Source, Import]]:
    for source in shipped_sources(project):
        found = sorted(imports_in(source), key=lambda each: (each.node.lineno, each.node.col_offset))
        yield from ((source, each) for each in found)


def _public_names() -> frozenset[str]:
    """What the package that this module is in says of itself; it is loaded, as this module is."""
    package: Any = sys.modules["localagent"]
    return frozenset(package.__all__)


def _is_module(name: str) -> bool:
    from importlib.util import find_spec

    return name.isidentifier() and find_spec(f"localagent.{name}") is not None


RULES = (
    Rule(
        "LA307",
        "Imports are declared",
        undeclared_imports,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation=(
            "What happens to be installed where a plugin is written is missing where it is used. Python's own modules, "
            "the project's, LocalAgent, Typer and Rich need no declaration, nor does an import that may fail."
        ),
        bad="import requests  # dependencies = []\n",
        good='import requests  # dependencies = ["requests>=2"]\n',
    ),
    Rule(
        "LA308",
        "Names that are imported from LocalAgent exist",
        unknown_names,
        tier=Tier.BRONZE,
        explanation="An import that fails keeps the plugin from loading.",
        bad="from localagent import ComandPlugin\n",
        good="from localagent import CommandPlugin\n",
    ),
    Rule(
        "LA309",
        "Only what is public is imported from LocalAgent",
        private_modules,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="Names in localagent.__all__ keep their meaning; modules within may move or go with any version.",
        bad="from localagent.host.manager import PluginManager\n",
        good="from localagent import PluginManager\n",
    ),
    Rule(
        "LA310",
        "Imports go to LocalAgent's own name",
        guides_paths,
        tier=Tier.SILVER,
        severity=Severity.NOTE,
        explanation=(
            "The paths that begin with 'app.' are made when the host runs, so they work there, and nowhere else: not "
            "in editors, and not for type checkers."
        ),
        bad="from app.cli.plugins.framework import CommandPlugin\n",
        good="from localagent import CommandPlugin\n",
    ),
)
