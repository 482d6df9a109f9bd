"""The tree of errors."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from localagent import errors
from localagent.errors import (
    LocalAgentError,
    MissingExtra,
    NoResponder,
    PluginError,
    PluginFailed,
    PluginNotAvailable,
    RemoteError,
    RequestTimeout,
    SystemProblem,
    ValidationError,
)

CLASSES = {
    name: member
    for name, member in vars(errors).items()
    if inspect.isclass(member) and member.__module__ == errors.__name__
}
DRAWN = re.compile(r"^(?P<branches>[│├└─ ]*)(?P<name>[A-Z]\w+)", re.MULTILINE)


def drawn_parents() -> dict[str, str]:
    """The parent of each class, as the tree at the top of the module draws it."""
    path: list[str] = []
    parents = {}
    for line in DRAWN.finditer((errors.__doc__ or "").partition("\n\n")[2]):
        depth = len(line["branches"]) // 4
        path[depth:] = [line["name"]]
        if depth:
            parents[line["name"]] = path[depth - 1]
    return parents


def test_the_tree_in_the_first_lines_is_the_tree_of_the_classes() -> None:
    assert drawn_parents() == {
        name: cls.__bases__[0].__name__ for name, cls in CLASSES.items() if cls is not LocalAgentError
    }


@pytest.mark.parametrize("cls", CLASSES.values())
def test_every_error_is_of_the_one_tree(cls: type[object]) -> None:
    assert issubclass(cls, LocalAgentError)


@pytest.mark.parametrize(
    ("facts", "place"),
    [
        ({}, ""),
        ({"plugin": "hello"}, "hello"),
        ({"file": "a.yaml", "plugin": "hello"}, "a.yaml"),
        ({"file": Path("a.yaml"), "line": 3}, "a.yaml:3"),
        ({"file": "a.yaml", "line": 3, "column": 7}, "a.yaml:3:7"),
        ({"line": 3}, ""),
    ],
)
def test_the_place_is_told_as_far_as_it_is_known(facts: dict[str, object], place: str) -> None:
    assert LocalAgentError("no", **facts).place == place  # type: ignore[arg-type] # the table mixes the types


def test_an_error_reads_as_its_message_and_carries_its_facts() -> None:
    error = PluginError("it is full", plugin="hello", fix="empty it", rule="LA103")
    assert str(error) == error.message == "it is full"
    assert (error.plugin, error.fix, error.rule, error.file) == ("hello", "empty it", "LA103", None)


def test_a_missing_extra_tells_the_command_that_installs_it() -> None:
    error = MissingExtra("dask", needed_for="the executor 'dask'")
    assert isinstance(error, SystemProblem)
    assert error.message == "the executor 'dask' needs the extra 'dask', which is not installed"
    assert error.fix == "python -m pip install 'localagent[dask]'"
    assert error.extra == "dask"


def test_a_plugin_that_failed_is_one_that_cannot_be_used() -> None:
    error = PluginFailed("no", plugin="hello", step="import", file="a.py", line=2)
    assert isinstance(error, PluginNotAvailable)
    assert (error.step, error.place) == ("import", "a.py:2")


def test_an_invalid_input_carries_its_findings() -> None:
    assert ValidationError("no").diagnostics == ()
    assert ValidationError("no", diagnostics=("one",), fix="mend it").diagnostics == ("one",)


@pytest.mark.parametrize(("cls", "plain"), [(NoResponder, ValueError), (RequestTimeout, TimeoutError)])
def test_some_errors_are_also_the_plain_ones_that_callers_expect(
    cls: type[LocalAgentError], plain: type[Exception]
) -> None:
    with pytest.raises(plain, match="no answer"):
        raise cls("no answer", plugin="hello")


def test_a_remote_error_names_what_was_raised() -> None:
    assert RemoteError("no", plugin="you", error_type="OSError").error_type == "OSError"
