"""Which data the built-in components take, and how data that do not fit are told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeGuard

from localagent.errors import UnfitData
from localagent.manifest.plain import is_mapping
from localagent.manifest.wording import called
from localagent.plugins.workflow_status import WorkflowStatus

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROWS = 'a list of objects, such as [{"name": "one", "size": 1}]'
WORKFLOWS = 'a list of workflows, such as [{"name": "build", "progress": 40}]'
FACTS = 'an object, such as {"state": "ready", "plugins": 3}'
TWO_TEXTS = 'two texts, such as {"before": "old\\n", "after": "new\\n"}, or the text of a unified diff'
TEXT = "text"
WANTED = {"rows": ROWS, "workflows": WORKFLOWS, "facts": FACTS, "text": TEXT, "texts_or_diff": TWO_TEXTS}
"""The data that each function here takes, in words."""


def rows(data: Any) -> Sequence[Mapping[str, Any]]:
    """A list of mappings.

    Raises:
        UnfitData: it is none; carries the position of the element at fault.
    """
    elements = _elements(data, ROWS)
    for position, row in enumerate(elements):
        if not is_mapping(row):
            raise UnfitData(f"element {position + 1} is {_kind(row)}", wanted=ROWS, path=(position,))
    return elements


def workflows(data: Any) -> Sequence[WorkflowStatus]:
    """A list of workflows, each a status already or the mapping that says it.

    Raises:
        UnfitData: as `rows`.
    """
    return [_workflow(position, each) for position, each in enumerate(_elements(data, WORKFLOWS))]


def facts(data: Any) -> Mapping[str, Any]:
    """A mapping.

    Raises:
        UnfitData: it is none.
    """
    if not is_mapping(data):
        raise UnfitData(f"the data are {_kind(data)}", wanted=FACTS)
    return data


def text(data: Any) -> str:
    """Text.

    Raises:
        UnfitData: it is none.
    """
    if not isinstance(data, str):
        raise UnfitData(f"the data are {_kind(data)}", wanted=TEXT)
    return data


def texts_or_diff(data: Any) -> str | tuple[str, str]:
    """The text of a diff, or the texts before and after.

    Raises:
        UnfitData: it is neither.
    """
    if isinstance(data, str):
        return data
    match data:
        case {"before": str(before), "after": str(after)}:
            return before, after
        case (str(before), str(after)):
            return before, after
        case _:
            raise UnfitData(f"the data are {_kind(data)}", wanted=TWO_TEXTS)


def _workflow(position: int, data: Any) -> WorkflowStatus:
    if isinstance(data, WorkflowStatus):
        return data
    if not is_mapping(data):
        raise UnfitData(f"element {position + 1} is {_kind(data)}", wanted=WORKFLOWS, path=(position,))
    try:
        return WorkflowStatus.from_dict(data)
    except ValueError as error:
        raise UnfitData(f"element {position + 1}: {error}", wanted=WORKFLOWS, path=(position,)) from error


def _elements(data: Any, wanted: str) -> Sequence[Any]:
    if not _is_sequence(data):
        raise UnfitData(f"the data are {_kind(data)}", wanted=wanted)
    return data


def _is_sequence(data: Any) -> TypeGuard[Sequence[Any]]:
    return isinstance(data, list | tuple)


def _kind(data: Any) -> str:
    return "an object" if is_mapping(data) else called(data)
