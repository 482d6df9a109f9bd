from __future__ import annotations

from pathlib import Path

import pytest

from localagent.manifest.layout import inside, module_file, package_dirs, project_root


def touch(*files: Path) -> None:
    for file in files:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()


@pytest.mark.parametrize(
    ("files", "dirs", "module", "found"),
    [
        (["plugin.py"], {}, "plugin", "plugin.py"),
        (["plugin.py"], {"pkg": "."}, "pkg.plugin", "plugin.py"),
        (["__init__.py"], {"pkg": "."}, "pkg", "__init__.py"),
        (["pkg/__init__.py", "pkg/plugin.py"], {}, "pkg.plugin", "pkg/plugin.py"),
        (["pkg/__init__.py"], {}, "pkg", "pkg/__init__.py"),
        (["src/pkg/plugin.py"], {}, "pkg.plugin", "src/pkg/plugin.py"),
        (["lib/pkg/plugin.py"], {"": "lib"}, "pkg.plugin", "lib/pkg/plugin.py"),
        (["sub/deep.py", "plugin.py"], {"pkg": ".", "pkg.sub": "sub"}, "pkg.sub.deep", "sub/deep.py"),
        (["lib/deep.py"], {"pkg.sub": "lib"}, "pkg.sub.deep", "lib/deep.py"),
        (["lib/pkg.py", "lib/pkg/__init__.py"], {"pkg": "lib/pkg"}, "pkg", "lib/pkg/__init__.py"),
        (["pkg/deep/__init__.py"], {}, "pkg.deep", "pkg/deep/__init__.py"),
        (["pkg/plugin.py"], {}, "pkg.other", None),
        (["evil.py"], {}, "..evil", None),
        (["evil.py"], {}, "a" * 300, None),
    ],
)
def test_a_module_is_found_where_a_build_takes_it_from(
    tmp_path: Path, files: list[str], dirs: dict[str, str], module: str, found: str | None
) -> None:
    touch(*(tmp_path / file for file in files))
    assert module_file(tmp_path, module, dirs) == (tmp_path / found if found else None)


def test_a_module_outside_of_the_project_is_not_found(tmp_path: Path) -> None:
    touch(tmp_path / "outside.py", tmp_path / "project" / "pyproject.toml")
    (tmp_path / "project" / "plugin.py").symlink_to("../outside.py")
    assert module_file(tmp_path / "project", "plugin", {}) is None
    assert module_file(tmp_path / "project", "pkg.outside", {"pkg": ".."}) is None


def test_package_dirs_are_those_of_the_build_backend() -> None:
    setuptools = {"tool": {"setuptools": {"package-dir": {"pkg": ".", "": "src", "odd": 3}}}}
    hatchling = {"tool": {"hatch": {"build": {"targets": {"wheel": {"packages": ["lib/pkg", 3]}}}}}}
    assert package_dirs(setuptools) == {"pkg": ".", "": "src"}
    assert package_dirs(hatchling) == {"pkg": "lib/pkg"}
    assert package_dirs({"tool": []}) == {}


@pytest.mark.parametrize(
    ("manifest", "others", "root"),
    [
        ("plugin-manifest.yaml", ["pyproject.toml"], "."),
        ("pkg/plugin-manifest.yaml", ["pyproject.toml", "pkg/__init__.py"], "."),
        ("src/pkg/plugin-manifest.yaml", ["setup.py", "src/pkg/__init__.py"], "."),
        ("pkg/plugin-manifest.yaml", ["pyproject.toml"], "pkg"),
        ("pkg/plugin-manifest.yaml", ["pkg/__init__.py"], "pkg"),
        ("pkg/plugin-manifest.yaml", ["pyproject.toml", "pkg/__init__.py", "pkg/setup.py"], "pkg"),
    ],
)
def test_the_root_is_the_project_around_the_package(
    tmp_path: Path, manifest: str, others: list[str], root: str
) -> None:
    touch(tmp_path / manifest, *(tmp_path / other for other in others))
    assert project_root(tmp_path / manifest) == tmp_path / root


@pytest.mark.parametrize(
    "named", ["../x", "a/../../x", "/x", "C:x", "C:\\x", "\\\\host\\share", "a\\..\\x", "a\0", "out/x"]
)
def test_a_path_that_leaves_the_folder_is_none(tmp_path: Path, named: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "out").symlink_to(tmp_path)
    assert inside(folder, named) is None


def test_a_path_within_the_folder_stays(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    assert inside(tmp_path, "docs/./api.md") == tmp_path / "docs/api.md"
    assert inside(tmp_path, "loop") == tmp_path / "loop"
