"""What a project's folder holds: its files, its kind and what it depends on."""

import json
import os
import stat
import tomllib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePath
from typing import Any, TypeGuard

MARKERS = {
    "docker": ("Dockerfile", "Containerfile", "docker-compose.yml", "compose.yaml"),
    "go": ("go.mod", "*.go"),
    "java": ("pom.xml", "build.gradle", "build.gradle.kts", "*.java"),
    "node": ("package.json", "*.js", "*.ts"),
    "python": ("pyproject.toml", "setup.py", "requirements*.txt", "*.py"),
    "rust": ("Cargo.toml", "*.rs"),
}
SHOWN = 10


@dataclass(frozen=True)
class Settings:
    """The settings that config_schema.json describes, with the same defaults."""

    default_analysis_depth: str = "normal"
    exclude_patterns: tuple[str, ...] = (".git/*", ".nox/*", ".venv/*", "__pycache__/*", "node_modules/*")
    max_file_size_mb: float = 100

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> "Settings":
        """The user's settings; what `config` leaves open keeps its default."""
        return cls(
            config.get("default_analysis_depth", cls.default_analysis_depth),
            tuple(config.get("exclude_patterns", cls.exclude_patterns)),
            config.get("max_file_size_mb", cls.max_file_size_mb),
        )

    def excludes(self, path: PurePath) -> bool:
        """Whether `path`, relative to the project, is left out; NAME/* covers the folder itself."""
        whole = f"/{path.as_posix()}/"
        return any(fnmatchcase(whole, f"*/{each.removesuffix('/*').strip('/')}/") for each in self.exclude_patterns)


@dataclass
class Analysis:
    """What was found: sizes in bytes, paths relative to the project, the most frequent first."""

    project: str
    files: int = 0
    folders: int = 0
    links: int = 0
    size: int = 0
    kinds: list[str] = field(default_factory=list)
    file_types: dict[str, int] = field(default_factory=dict)
    largest_files: list[tuple[str, int]] = field(default_factory=list)
    empty_folders: list[str] = field(default_factory=list)
    dependencies: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def analyze(project: Path, settings: Settings) -> Analysis:
    """Look through `project`; what cannot be read is named in the result's `problems`."""
    analysis = Analysis(str(project.resolve()))
    count(entries(project, settings, analysis), analysis)
    top = [path for path in sorted(project.glob("*")) if not settings.excludes(PurePath(path.name))]
    analysis.kinds = detect_kinds(path.name for path in top)
    for path in top:
        read_dependencies(path, settings, analysis)
    return analysis


def entries(project: Path, settings: Settings, analysis: Analysis) -> Iterator[tuple[PurePath, os.stat_result]]:
    """All that is below `project` and not excluded, with its status; links are not followed."""

    def note(problem: OSError) -> None:
        place = PurePath(problem.filename).relative_to(project)
        analysis.problems.append(f"{place}: {problem.strerror}")

    for folder, subfolders, names in os.walk(project, onerror=note):
        here = PurePath(folder).relative_to(project)
        if here.parts and not subfolders and not names:
            analysis.empty_folders.append(str(here))
        subfolders[:] = sorted(name for name in subfolders if not settings.excludes(here / name))
        files = (name for name in names if not settings.excludes(here / name))
        for name in [*subfolders, *files]:
            try:
                yield here / name, (project / here / name).lstat()
            except OSError as problem:
                note(problem)
        if settings.default_analysis_depth == "shallow":
            return


def count(found: Iterable[tuple[PurePath, os.stat_result]], analysis: Analysis) -> None:
    """Add to `analysis` how much was found of what."""
    types: Counter[str] = Counter()
    sizes: dict[str, int] = {}
    for path, status in found:
        if stat.S_ISLNK(status.st_mode):
            analysis.links += 1
        elif stat.S_ISDIR(status.st_mode):
            analysis.folders += 1
        elif stat.S_ISREG(status.st_mode):
            types[path.suffix or "(none)"] += 1
            sizes[str(path)] = status.st_size
    analysis.files = types.total()
    analysis.size = sum(sizes.values())
    analysis.file_types = dict(sorted(types.items(), key=lambda item: (-item[1], item[0])))
    analysis.largest_files = sorted(sizes.items(), key=lambda item: (-item[1], item[0]))[:SHOWN]


def detect_kinds(names: Iterable[str]) -> list[str]:
    """The kinds of project that the names in its top folder speak for."""
    found = list(names)
    return [
        kind
        for kind, patterns in MARKERS.items()
        if any(fnmatchcase(name, pattern) for name in found for pattern in patterns)
    ]


def read_dependencies(path: Path, settings: Settings, analysis: Analysis) -> None:
    """Add what `path` declares to be needed, if it is a file that does so."""
    readers = {
        "requirements*.txt": requirements_of,
        "pyproject.toml": pyproject_dependencies,
        "package.json": package_dependencies,
    }
    for pattern, read in readers.items():
        if not fnmatchcase(path.name, pattern) or not path.is_file():
            continue
        try:
            if path.stat().st_size <= settings.max_file_size_mb * 1_000_000:
                analysis.dependencies[path.name] = read(path.read_text("utf-8-sig"))
        except (OSError, ValueError, RecursionError) as problem:
            analysis.problems.append(f"{path.name}: {problem}")


def requirements_of(text: str) -> list[str]:
    """The requirements in a pip requirements file, without comments and options."""
    lines = (line.split(" #")[0].strip() for line in text.splitlines())
    return [line for line in lines if line and not line.startswith(("#", "-"))]


def pyproject_dependencies(text: str) -> list[str]:
    """The dependencies in a pyproject.toml; those of an extra are followed by its name."""
    project = table(tomllib.loads(text), "project")
    extras = table(project, "optional-dependencies")
    return [
        *texts(project.get("dependencies")),
        *(f"{item} [{extra}]" for extra, items in extras.items() for item in texts(items)),
    ]


def package_dependencies(text: str) -> list[str]:
    """The dependencies in a package.json with their versions; those for development say so."""
    package = json.loads(text)
    return [
        *(f"{name} {version}" for name, version in table(package, "dependencies").items()),
        *(f"{name} {version} [dev]" for name, version in table(package, "devDependencies").items()),
    ]


def table(data: Any, key: str) -> dict[str, Any]:
    """The table at `key`, empty if there is none."""
    value = data.get(key) if is_table(data) else None
    return value if is_table(value) else {}


def is_table(value: Any) -> TypeGuard[dict[str, Any]]:
    """Whether a value is a table, as TOML and JSON have it."""
    return isinstance(value, dict)


def is_list(value: Any) -> TypeGuard[list[Any]]:
    """Whether a value is a list."""
    return isinstance(value, list)


def texts(value: Any) -> list[str]:
    """The texts in a list; nothing else counts."""
    return [item for item in value if isinstance(item, str)] if is_list(value) else []


def printable(text: str) -> str:
    """What a terminal can show of a file's name or contents, without control characters."""
    return "".join(each if each.isprintable() else "\N{REPLACEMENT CHARACTER}" for each in text)


def report(analysis: Analysis) -> str:
    """The summary as Markdown."""
    lines = [
        f"# {Path(analysis.project).name or analysis.project}",
        "",
        f"- Kind: {', '.join(analysis.kinds) or 'unknown'}",
        f"- Files: {analysis.files} ({analysis.size:,} bytes)",
        f"- Folders: {analysis.folders}",
        "",
        "## File types",
        "",
        *(f"- {suffix}: {number}" for suffix, number in list(analysis.file_types.items())[:SHOWN]),
    ]
    for file, names in analysis.dependencies.items():
        lines += ["", f"## Dependencies in {file}", "", *(f"- {name}" for name in names or ["none"])]
    if analysis.problems:
        lines += ["", "## Not read", "", *(f"- {problem}" for problem in analysis.problems)]
    return "".join(f"{printable(line)}\n" for line in lines)
