"""An answer in the format of chat completions, put together from one piece or many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.manifest.plain import is_list, is_mapping
from localagent.plugins.provider import CompletionResponse

if TYPE_CHECKING:
    from collections.abc import Mapping


class ChatAnswer:
    """What came of an answer.

    Attributes:
        is_over: whether its end came.
    """

    def __init__(self) -> None:
        self._texts: list[str] = []
        self._calls: dict[int, dict[str, Any]] = {}
        self._finish_reason: str | None = None
        self._usage: Mapping[str, Any] = {}
        self._model = ""
        self._id = ""
        self.is_over = False

    @property
    def text(self) -> str:
        """What came so far."""
        return "".join(self._texts)

    def add(self, told: Mapping[str, Any], part: str = "delta") -> str:
        """Take what the server tells, and give the text in it; may be empty.

        Args:
            told: the event, or the whole answer.
            part: under which key a choice has its message.
        """
        self._model = _text(told.get("model")) or self._model
        self._id = _text(told.get("id")) or self._id
        if is_mapping(usage := told.get("usage")):
            self._usage = usage
        choice: Any = next(iter(told["choices"]), None)
        if not is_mapping(choice):
            return ""
        if reason := _text(choice.get("finish_reason")):
            self._finish_reason, self.is_over = reason, True
        message: Any = choice.get(part) or choice.get("message")
        if not is_mapping(message):
            return ""
        if calls := message.get("tool_calls"):
            self._take_calls(calls)
        text = _content(message.get("content"))
        if text:
            self._texts.append(text)
        return text

    def response(self, raw: dict[str, Any] | None = None) -> CompletionResponse:
        """The response.

        Args:
            raw: the server's answer; None where it came in pieces.
        """
        return CompletionResponse(
            self.text,
            model=self._model,
            finish_reason=self._finish_reason or "stop",
            prompt_tokens=_count(self._usage.get("prompt_tokens")),
            completion_tokens=_count(self._usage.get("completion_tokens")),
            raw=self._as_whole() if raw is None else raw,
        )

    def _take_calls(self, calls: Any) -> None:
        """Take tool calls, whose arguments come in pieces."""
        for place, call in enumerate(calls if is_list(calls) else ()):
            if not is_mapping(call):
                continue
            number = call.get("index")
            known = self._calls.setdefault(number if isinstance(number, int) else place, {"type": "function"})
            known |= {key: value for key, value in call.items() if key in ("id", "type") and value}
            function: dict[str, str] = known.setdefault("function", {"name": "", "arguments": ""})
            given: Any = call.get("function")
            for key in ("name", "arguments") if is_mapping(given) else ():
                function[key] += _text(given.get(key))

    def _as_whole(self) -> dict[str, Any]:
        message: dict[str, Any] = {"role": "assistant", "content": self.text}
        if self._calls:
            message["tool_calls"] = [self._calls[number] for number in sorted(self._calls)]
        choice = {"index": 0, "message": message, "finish_reason": self._finish_reason}
        return {"id": self._id, "model": self._model, "choices": [choice], "usage": dict(self._usage)}


def _content(content: Any) -> str:
    """The text of a message, which may come as a list of parts."""
    if is_list(content):
        return "".join(_text(part.get("text")) for part in content if is_mapping(part))
    return _text(content)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) else None
