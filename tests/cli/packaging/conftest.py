"""Real projects and wheels, written and built on the spot."""

from __future__ import annotations

import base64
import hashlib
import shutil
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from localagent_cli.packaging.build import build_project
from plain import command_plugin

needs_uv = pytest.mark.skipif(
    shutil.which("uv", path=str(Path(sys.executable).parent)) is None and shutil.which("uv") is None,
    reason="uv is not installed",
)

BACKENDS = {
    "hatchling": (
        "hatchling>=1.27",
        "hatchling.build",
        '[tool.hatch.build.targets.wheel]\npackages = ["src/{package}"]\n',
    ),
    "setuptools": (
        "setuptools>=77",
        "setuptools.build_meta",
        '[tool.setuptools.packages.find]\nwhere = ["src"]\n[tool.setuptools.package-data]\n"*" = ["*.yaml"]\n',
    ),
}


@dataclass(frozen=True)
class Workshop:
    """Makes projects and wheels below one folder."""

    folder: Path

    def project(
        self,
        name: str = "demo",
        version: str = "1.0",
        *,
        requires: tuple[str, ...] = (),
        backend: str = "hatchling",
        package: str | None = None,
        plugin: bool = True,
        extra: str = "",
    ) -> Path:
        """A project whose package tells its version as ``VERSION``; a plugin's unless `plugin` is false."""
        package = package or name.replace("-", "_")
        need, hooks, table = BACKENDS[backend]
        entry = (
            f'[project.entry-points."localagent.plugins.commands"]\n{name} = "{package}.plugin:Demo"\n'
            if plugin
            else ""
        )
        root = self.folder / "projects" / f"{name}-{version}"
        source = root / "src" / package
        source.mkdir(parents=True)
        (root / "pyproject.toml").write_text(
            f'[build-system]\nrequires = ["{need}"]\nbuild-backend = "{hooks}"\n'
            f'[project]\nname = "{name}"\nversion = "{version}"\nrequires-python = ">=3.11"\n'
            f"dependencies = {list(requires)!r}\n{entry}"
            f"{table.format(package=package)}{extra}",
            encoding="utf-8",
        )
        (source / "__init__.py").write_text(f'VERSION = "{version}"\n', encoding="utf-8")
        if plugin:
            (source / "plugin.py").write_text("class Demo:\n    pass\n", encoding="utf-8")
            (source / "plugin-manifest.yaml").write_text(manifest_of(name, version, package), encoding="utf-8")
        return root

    def plugin(
        self,
        name: str = "demo",
        version: str = "1.0",
        *,
        requires: tuple[str, ...] = (),
        body: str = "",
        extra: str = "",
        label: str = "",
    ) -> Path:
        """The project of a plugin that works: its command of the same name says ``NAME VERSION``."""
        root = self.project(name, version, requires=requires, extra="")
        package = root / "src" / name.replace("-", "_")
        source = command_plugin(name, command=f"print({f'{name} {version}'!r})").replace("1.2.3", version)
        (package / "plugin.py").write_text(f"{body}{source}", encoding="utf-8")
        entry = f'    - name: {name}\n      class: "{package.name}.plugin:ThePlugin"\n'
        (package / "plugin-manifest.yaml").write_text(
            f'name: {name}\nversion: "{version}"\ndescription: For tests {label}\nplugin_types: [command]\n'
            f"entry_points:\n  commands:\n{entry}{extra}",
            encoding="utf-8",
        )
        pyproject = root / "pyproject.toml"
        pyproject.write_text(pyproject.read_text(encoding="utf-8").replace("plugin:Demo", "plugin:ThePlugin"), "utf-8")
        return root

    def plugin_wheel(self, name: str = "demo", version: str = "1.0", **more: Any) -> Path:
        """The wheel of a plugin that works."""
        built = build_project(self.plugin(name, version, **more), out=self.folder / "wheels", sdist=False)
        assert built.wheel is not None
        return built.wheel

    def wheel(self, name: str = "demo", version: str = "1.0", *, requires: tuple[str, ...] = ()) -> Path:
        """The built wheel of a plugin's project."""
        built = build_project(self.project(name, version, requires=requires), out=self.folder / "wheels", sdist=False)
        assert built.wheel is not None
        return built.wheel

    def plugin_files(self, name: str = "demo", version: str = "1.0") -> dict[str, str]:
        """The files of the smallest plugin, for a wheel zipped by hand."""
        return {"demo/plugin.py": "class Demo: ...\n", "demo/plugin-manifest.yaml": manifest_of(name, version, "demo")}

    def library(self, name: str, version: str = "1.0", *, requires: tuple[str, ...] = ()) -> Path:
        """A wheel that is no plugin's, in the folder that stands for the index."""
        package = name.replace("-", "_")
        metadata = [f"Requires-Dist: {need}" for need in requires]
        return self.raw_wheel(
            {f"{package}/__init__.py": f'VERSION = "{version}"\n'},
            name=name,
            version=version,
            metadata=metadata,
            folder=self.index,
        )

    @property
    def index(self) -> Path:
        """The folder that pip is told to find wheels in."""
        return self.folder / "index"

    def raw_wheel(
        self,
        files: dict[str, str],
        *,
        name: str = "demo",
        version: str = "1.0",
        metadata: list[str] | None = None,
        folder: Path | None = None,
        entry_points: str = "",
        record: str | None = None,
        tag: str = "py3-none-any",
    ) -> Path:
        """A wheel zipped by hand, with a right RECORD unless one is given."""
        escaped = name.replace("-", "_")
        info = f"{escaped}-{version}.dist-info"
        lines = ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *(metadata or [])]
        members = {
            **files,
            f"{info}/METADATA": "\n".join(lines) + "\n\n",
            f"{info}/WHEEL": f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n",
        }
        if entry_points:
            members[f"{info}/entry_points.txt"] = entry_points
        members[f"{info}/RECORD"] = record if record is not None else record_of(members, info)
        target = (folder or self.folder / "raw") / f"{escaped}-{version}-{tag}.whl"
        target.parent.mkdir(parents=True, exist_ok=True)
        with zipfile.ZipFile(target, "w") as archive:
            for path, text in members.items():
                archive.writestr(path, text)
        return target


def manifest_of(name: str, version: str, package: str) -> str:
    """The smallest manifest of a command plugin."""
    return (
        f'name: {name}\nversion: "{version}"\ndescription: For tests\nplugin_types: [command]\n'
        f'entry_points: {{commands: [{{name: {name}, class: "{package}.plugin:Demo"}}]}}\n'
    )


def record_of(members: dict[str, str], info: str) -> str:
    """The RECORD of the files: a line of path, hash and size each."""
    lines = [f"{path},{digest_of(text)},{len(text.encode())}" for path, text in members.items()]
    return "\n".join([*lines, f"{info}/RECORD,,"]) + "\n"


def digest_of(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return "sha256=" + base64.urlsafe_b64encode(digest).decode().rstrip("=")


@pytest.fixture
def workshop(tmp_path: Path) -> Workshop:
    return Workshop(tmp_path)


@pytest.fixture
def home(home: Path, monkeypatch: pytest.MonkeyPatch, workshop: Workshop) -> Path:
    """An empty home, and a pip and a uv that see the workshop's index and no other."""
    workshop.index.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(workshop.index))
    monkeypatch.setenv("UV_NO_CONFIG", "1")
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(workshop.index))
    return home
