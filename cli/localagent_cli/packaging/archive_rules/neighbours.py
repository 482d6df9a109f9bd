"""Rules LA505, LA508 to LA510 and LA514: a wheel keeps to its own package, and brings only what belongs there."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING

from localagent.diagnostics.diagnostic import Place
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.names import normalised
from localagent.manifest.wording import shown
from localagent_cli.installed_beside import INSTALLED_BESIDE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent_cli.packaging.archive import Archive

_NOT_SHIPPED = frozenset(
    {
        *("build", "conftest", "dist", "doc", "docs", "examples", "noxfile"),
        *("scripts", "setup", "src", "tasks", "test", "tests", "tools"),
    }
)
_OWN = frozenset({"localagent", "localagent_cli", "localagent_testing", "localagent_templates"})
_STARTERS = frozenset({"sitecustomize", "usercustomize"})
_PROGRAMS = frozenset(
    {
        *("awk", "bash", "cargo", "cat", "chmod", "cp", "curl", "docker", "env", "find", "gcc", "git", "grep", "kill"),
        *("localagent", "ls", "make", "mv", "node", "npm", "pip", "pip3", "pipx", "python", "python3", "rm", "ruby"),
        *("sed", "sh", "ssh", "su", "sudo", "tar", "uv", "uvx", "wget", "zsh"),
    }
)
_BY_PRODUCTS = frozenset(
    {
        *("__pycache__", "node_modules", "Thumbs.db", "venv", ".DS_Store", ".coverage", ".git", ".hg", ".hypothesis"),
        *(".idea", ".mypy_cache", ".nox", ".pytest_cache", ".ruff_cache", ".svn", ".tox", ".venv"),
    }
)
_BY_PRODUCT_SUFFIXES = (".pyc", ".pyo", ".orig", ".rej", ".swp", "~")


def strangers_at_the_top(archive: Archive) -> Iterator[Finding]:
    """What every project has beside its package, packed at the top level."""
    for top in sorted(_tops(archive) & _NOT_SHIPPED):
        message = f"'{top}' is packed at the top level, where every other distribution's would land too"
        fix = f"leave {top} out of the wheel (setuptools: name the packages in [tool.setuptools])"
        yield Finding(message, Place(archive.file), fix)


def start_up_files(archive: Archive) -> Iterator[Finding]:
    """Files that run whenever Python starts."""
    if archive.kind == "sdist":
        return
    for path in sorted(archive.paths):
        if path.endswith(".pth") and _is_at_the_top(path):
            yield Finding(f"'{shown(path)}' runs whenever Python starts", archive.at(path), "leave it out")
    for top in sorted(_tops(archive) & _STARTERS):
        yield Finding(f"the module '{top}' runs whenever Python starts", Place(archive.file), "leave it out")


def other_packages(archive: Archive) -> Iterator[Finding]:
    """Modules and metadata that belong to another distribution, or to Python."""
    for top in sorted(_tops(archive)):
        owner = _owner(top)
        if owner and normalised(top) != normalised(archive.metadata.get("name", "")):
            fix = "give the package a name of its own, and require the other one where it is needed"
            yield Finding(f"'{top}' is a module of {owner}", Place(archive.file), fix)
    for folder in sorted({path.split("/")[0] for path in archive.paths if "/" in path}):
        if archive.kind == "wheel" and folder.endswith((".dist-info", ".egg-info")) and f"{folder}/" != archive.info:
            message = f"'{shown(folder)}' is the metadata of another distribution"
            yield Finding(message, archive.at(folder), "leave it out")


def other_scripts(archive: Archive) -> Iterator[Finding]:
    """Programs called as others are."""
    for name, path in _scripts(archive):
        if name in _PROGRAMS or re.fullmatch(r"(python|pip)[\d.]*", name):
            message = f"the program '{shown(name)}' would take the place of another one"
            yield Finding(message, archive.at(path), "give it a name of its own, or make it a command of the plugin")
        elif not re.fullmatch(r"[\w.-]+", name) or name.startswith("."):
            message = f"'{shown(name)}' is no name of a program"
            yield Finding(message, archive.at(path), "use letters, digits, hyphens and dots")


def by_products(archive: Archive) -> Iterator[Finding]:
    """What tools and editors leave beside the source."""
    told: set[str] = set()
    for path in sorted(archive.paths):
        parts = path.split("/")
        found = next((part for part in parts if part in _BY_PRODUCTS), "")
        if not found and path.endswith(_BY_PRODUCT_SUFFIXES):
            found = path
        if found and found not in told:
            told.add(found)
            message = f"'{shown(path)}' was left by a tool, and is no part of the project"
            yield Finding(message, archive.at(path), "leave it out: add it to .gitignore, and build again")


def _tops(archive: Archive) -> set[str]:
    """The names of modules, packages and other folders at the top level of a wheel."""
    if archive.kind == "sdist":
        return set()
    tops = {path.split("/")[0] for path in archive.paths}
    return {top.partition(".")[0] for top in tops if top and not top.endswith((".dist-info", ".data"))}


def _is_at_the_top(path: str) -> bool:
    return "/" not in path or re.fullmatch(r"[^/]+\.data/[^/]+/[^/]+", path) is not None


def _owner(top: str) -> str:
    if top in _OWN:
        return "LocalAgent"
    if top in _NOT_SHIPPED:
        return ""
    if top in sys.stdlib_module_names:
        return "Python's standard library"
    return "another distribution" if top in INSTALLED_BESIDE else ""


def _scripts(archive: Archive) -> Iterator[tuple[str, str]]:
    """The names of programs that installing a wheel makes, and where they are declared."""
    if archive.kind == "sdist":
        return
    path = f"{archive.info}entry_points.txt"
    yield from ((name, path) for name in _declared_scripts(archive.texts.get(path, b"").decode("utf-8", "replace")))
    for member in archive.members:
        found = re.fullmatch(r"[^/]+\.data/scripts/(?:.*/)?([^/]+)", member.path)
        if found:
            yield found[1], member.path


def _declared_scripts(text: str) -> Iterator[str]:
    if "_scripts" not in text:
        return  # nearly always, and it saves loading the parser
    from configparser import ConfigParser, Error

    parser = ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign] # names keep their case
    try:
        parser.read_string(text)
    except Error:
        return
    for section in ("console_scripts", "gui_scripts"):
        if parser.has_section(section):
            yield from parser.options(section)


RULES = (
    Rule(
        "LA505",
        "Tests, documents and tools are not packed at the top level",
        strangers_at_the_top,
        tier=Tier.BRONZE,
        explanation="What lies at the top level is a module for everybody; a second distribution's tests replace it.",
        bad="tests/test_plugin.py\n",
        good="my_plugin/plugin.py\n",
    ),
    Rule(
        "LA508",
        "Nothing in the wheel runs when Python starts",
        start_up_files,
        tier=Tier.BRONZE,
        explanation=(
            "A .pth file with an import line, sitecustomize and usercustomize run in every Python process, whether or "
            "not the plugin is enabled."
        ),
        bad="my_plugin.pth   # import my_plugin.start\n",
        good="my_plugin/plugin.py\n",
    ),
    Rule(
        "LA509",
        "The wheel holds nobody else's modules",
        other_packages,
        tier=Tier.BRONZE,
        explanation="Two distributions with one file break each other, and removing one of them breaks the other.",
        bad="typer/__init__.py\n",
        good="Requires-Dist: typer>=0.26\n",
    ),
    Rule(
        "LA510",
        "Programs have names of their own",
        other_scripts,
        tier=Tier.BRONZE,
        explanation="A program called as another one replaces it, or is run in its place.",
        bad="[console_scripts]\npip = my_plugin.plugin:main\n",
        good="[console_scripts]\nmy-plugin = my_plugin.plugin:main\n",
    ),
    Rule(
        "LA514",
        "What tools leave behind is not packed",
        by_products,
        tier=Tier.BRONZE,
        explanation="Caches and byproducts are for one machine; bytecode hides what the source would show.",
        bad="my_plugin/__pycache__/plugin.cpython-311.pyc\n",
        good="my_plugin/plugin.py\n",
    ),
)
