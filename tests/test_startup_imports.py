"""Which modules each way of starting may load; one more costs every user at every start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

from faults.plugins import Stage
from generated import plugin

# The dump begins where the command line does: what the interpreter loads by itself is no concern of ours.
_DUMP = """
import sys
before = set(sys.modules)
from localagent_cli.main import main
try:
    main(sys.argv[1:])
finally:
    print("\\n".join(sorted(set(sys.modules) - before)), file=sys.stderr)
"""

_NEVER = (
    "importlib.metadata",
    "jsonschema",
    "pydantic",
    "httpx2",
    "copier",
    "pytest",
    "structlog",
    "psutil",
    "stamina",
)
_NOT_FOR_A_PAGE = (
    *_NEVER,
    "typer",
    "rich",
    "click",
    "asyncio",
    "ruamel",
    "typing",
    "pathlib",
    "dataclasses",
    "inspect",
)
_NOT_FOR_A_PLAIN_COMMAND = (
    "rich",
    "ruamel",
    "asyncio",
    "concurrent.futures",
    "tempfile",
    "packaging",
    "localagent.host.survey",
    "localagent.host.records",
    "localagent.host.preflight",
    "localagent.services.bus",
    "localagent.providers.manager",
    "localagent.ui.components",
    "localagent.workflows.manager",
)

LIGHT = "plugin-light"

Loaded = Callable[..., frozenset[str]]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Stage:
    """A home with a plugin that declares its command, and an index that is warm."""
    stage = Stage(tmp_path_factory.mktemp("startup")).furnish([plugin(LIGHT)])
    for _ in range(2):
        # What changed a moment ago is not kept, so the second look is the one that counts.
        subprocess.run(stage.cli("--help"), env=stage.env, cwd=stage.work, check=True, capture_output=True)
        subprocess.run(stage.cli("plugins", "list"), env=stage.env, cwd=stage.work, check=True, capture_output=True)
    return stage


@pytest.fixture
def loaded(stage: Stage) -> Loaded:
    """The modules that a command line loads, warm."""

    def run(*words: str) -> frozenset[str]:
        argv = [sys.executable, "-c", _DUMP, *words]
        done = subprocess.run(argv, env=stage.env, cwd=stage.work, capture_output=True, text=True, check=False)
        return frozenset(done.stderr.splitlines())

    return run


def unwanted(loaded: frozenset[str], denied: tuple[str, ...]) -> list[str]:
    return sorted(name for name in denied if name in loaded)


def test_the_version_loads_no_more_than_it_prints(loaded: Loaded) -> None:
    modules = loaded("--version")
    assert "localagent.version" in modules
    assert unwanted(modules, (*_NOT_FOR_A_PAGE, "json", "re", "localagent.host", "localagent.errors")) == []


def test_a_warm_help_page_loads_only_the_index(loaded: Loaded) -> None:
    loaded("--help")
    modules = loaded("--help")
    assert "localagent.host.index" in modules
    assert unwanted(modules, (*_NOT_FOR_A_PAGE, "textwrap", "localagent.host.survey", "localagent_cli.app")) == []


@pytest.mark.parametrize(
    "words",
    [
        ("no-such-command",),
        ("plugins", "list"),
        ("plugins", "list", "--json"),
        ("plugins", "list", "--timings"),
        ("plugins", "--list"),
    ],
    ids=" ".join,
)
def test_a_warm_quick_answer_loads_only_the_index(loaded: Loaded, words: tuple[str, ...]) -> None:
    loaded("--help")
    modules = loaded(*words)
    assert "localagent.host.index" in modules
    assert unwanted(modules, (*_NOT_FOR_A_PAGE, "localagent.host.survey", "localagent_cli.app")) == []


@pytest.mark.parametrize(
    "line", ["localagent ", "localagent plugins ", "localagent plugins info ", "localagent dev run --"]
)
def test_a_warm_completion_loads_only_the_index(stage: Stage, line: str) -> None:
    asked = {"_LOCALAGENT_COMPLETE": "complete_bash", "COMP_WORDS": line, "COMP_CWORD": str(line.count(" "))}
    argv = [sys.executable, "-c", _DUMP.replace("main(sys.argv[1:])", "main()")]
    # The first one reads the built-in commands' words off their Typer apps.
    subprocess.run(argv, env=stage.env | asked, cwd=stage.work, capture_output=True, check=True)
    done = subprocess.run(argv, env=stage.env | asked, cwd=stage.work, capture_output=True, text=True, check=True)
    assert done.stdout
    modules = frozenset(done.stderr.splitlines())
    assert "localagent.host.index" in modules
    assert unwanted(modules, (*_NOT_FOR_A_PAGE, "localagent.host.survey", "localagent_cli.app")) == []


def test_a_plugins_command_loads_only_what_it_uses(loaded: Loaded) -> None:
    loaded(LIGHT)
    modules = loaded(LIGHT)
    assert "localagent.host.shortcut" in modules
    assert unwanted(modules, (*_NEVER, *_NOT_FOR_A_PLAIN_COMMAND)) == []


def test_components_are_listed_without_what_draws_them(loaded: Loaded) -> None:
    modules = loaded("ui", "list")
    assert "localagent.ui.built_in" in modules
    assert unwanted(modules, (*_NEVER, "rich", "ruamel", "localagent.ui.drawing", "localagent.ui.screen")) == []


def test_calling_a_plugin_leaves_the_help_page_warm(loaded: Loaded) -> None:
    loaded("--help")
    loaded(LIGHT)
    assert "localagent.host.survey" not in loaded("--help")


@pytest.mark.parametrize(
    "words",
    [("--version",), ("--help",), ("no-such-command",), ("plugins", "list"), ("plugins", "info", LIGHT), ("doctor",)],
    ids=" ".join,
)
def test_only_a_plugins_own_command_loads_it(loaded: Loaded, words: tuple[str, ...]) -> None:
    assert "plugin_light" not in loaded(*words)


def test_a_plugins_command_loads_the_plugin(loaded: Loaded) -> None:
    assert "plugin_light" in loaded(LIGHT)
