"""What importing costs: which modules come along."""

from __future__ import annotations

import subprocess
import sys

import pytest

import localagent
import localagent_cli

HEAVY = ("typer", "rich", "jsonschema", "asyncio", "importlib.metadata", "ruamel", "httpx2", "copier")


def loaded_by(code: str) -> set[str]:
    script = f"import sys\n{code}\nprint('\\n'.join(sys.modules))"
    return set(
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.split()
    )


@pytest.mark.parametrize("heavy", HEAVY)
def test_importing_the_package_loads_nothing_heavy(heavy: str) -> None:
    assert heavy not in loaded_by("import localagent")


@pytest.mark.parametrize("heavy", [*HEAVY, "localagent.host"])
def test_the_version_is_told_without_loading_anything_heavy(heavy: str) -> None:
    assert heavy not in loaded_by("from localagent_cli.main import main; main(['--version'])")


@pytest.mark.parametrize("package", [localagent, localagent_cli])
def test_every_public_name_is_there(package: object) -> None:
    names = package.__all__  # type: ignore[attr-defined] # both packages have it
    assert names == sorted(names)
    assert all(getattr(package, name) is not None for name in names)
    assert set(dir(package)) == set(names)


def test_a_misspelt_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="PluginManger"):
        localagent.PluginManger  # type: ignore[attr-defined] # noqa: B018 - the look-up is the test


def test_the_versions_agree() -> None:
    from importlib.metadata import version

    assert localagent.__version__ == version("localagent")
