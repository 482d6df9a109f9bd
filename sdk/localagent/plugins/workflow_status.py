"""How one running workflow stands, as dashboards show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, get_args

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

State = Literal["waiting", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class WorkflowStatus:
    """One workflow at one moment.

    Attributes:
        name: what the workflow is called.
        progress: how much of it is done, in percent.
        state: how it stands.
        phase: what it is doing now; may be empty.
        elapsed: seconds since it began, None where nobody knows.
    """

    name: str
    progress: float = 0.0
    state: State = "running"
    phase: str = ""
    elapsed: float | None = None

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> WorkflowStatus:
        """A status from a mapping with these names; numbers may be written as text, as in a CSV file.

        Raises:
            ValueError: a name is none of these, the workflow has no name, a state is none, or a number is not one.
        """
        unknown = next((key for key in data if key not in cls.__dataclass_fields__), None)
        if unknown is not None:
            raise ValueError(f"'{unknown}' is none of {', '.join(cls.__dataclass_fields__)}")
        if not data.get("name"):
            raise ValueError("the name is missing")
        state: Any = data.get("state") or "running"
        if state not in get_args(State):
            raise ValueError(f"the state is one of {', '.join(get_args(State))}, not {state!r}")
        elapsed = data.get("elapsed")
        return cls(
            str(data["name"]),
            _number("progress", data.get("progress") or 0),
            state,
            str(data.get("phase") or ""),
            None if elapsed in (None, "") else _number("elapsed", elapsed),
        )


def _number(key: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise ValueError(f"{key} is a number, not {value!r}") from None
    if not abs(number) < float("inf"):
        raise ValueError(f"{key} is a number, not {value!r}")
    return number
