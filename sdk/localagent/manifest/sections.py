"""The mappings of a document, asked for their values by key and type."""

from __future__ import annotations

from dataclasses import fields
from typing import Any, TypeVar

from localagent.errors import ManifestError
from localagent.manifest.names import check_name, is_target, suggest_name
from localagent.manifest.wording import called, did_you_mean, dotted, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localagent.manifest.composing import KeyPath
    from localagent.manifest.document import Document

Table = TypeVar("Table")


def keys_of(model: type) -> frozenset[str]:
    """The keys under which a document gives the fields of a dataclass."""
    return frozenset(item.metadata.get("key", item.name) for item in fields(model))


class Section:
    """One mapping of the document; every question raises ManifestError where the answer has another type or range."""

    def __init__(self, document: Document, path: KeyPath, keys: frozenset[str]) -> None:
        self._document = document
        self._path = path
        self._data: dict[str, Any] = document.at(path) if path else document.data
        for key in self._data:
            if key not in keys and not key.startswith("x-"):
                where = dotted(path) or "a manifest"
                hint = did_you_mean(key, keys)
                raise self._error(
                    f"{where} has no key '{shown(key)}'" + (f", {hint}" if hint else ""),
                    (*path, key),
                    "correct or remove it; a key that begins with 'x-' is yours to use",
                    key=True,
                )

    def require(self, key: str) -> None:
        """Refuse a key that is missing or has nothing in it."""
        if key not in self._data:
            raise self._error(f"'{dotted((*self._path, key))}' is missing", self._path, f"add '{key}:' with its value")
        if self._data[key] in ("", [], {}):
            raise self._empty((*self._path, key))

    def required_text(self, key: str) -> str:
        """The text that has to be at `key`."""
        self.require(key)
        return self.text(key)

    def plugin_name(self, key: str) -> str:
        """The text that has to be at `key`, as the name of a plugin."""
        name = self.required_text(key)
        if reason := check_name(name):
            # Names become folders and files of the host, so this is refused here and not only by a rule.
            problem = f"the name '{shown(name)}' {reason}"
            raise self._error(problem, (*self._path, key), f"choose another name, such as {suggest_name(name)}")
        return name

    def target(self, key: str) -> str:
        """The text that has to be at `key`, as ``module:Class``."""
        target = self.required_text(key)
        if not is_target(target):
            problem = f"'{shown(target)}' is not a class as module:Class"
            raise self._error(problem, (*self._path, key), "write, for example, my_plugin.plugin:MyPlugin")
        return target

    def text(self, key: str) -> str:
        """The text at `key`, empty if there is none."""
        return str(self._value(key, str, ""))

    def texts(self, key: str) -> tuple[str, ...]:
        """The list of texts at `key`, empty if there is none."""
        items = self._value(key, list, [])
        return tuple(self._text((*self._path, key, index), item) for index, item in enumerate(items))

    def flag(self, key: str) -> bool:
        """The boolean at `key`, False if there is none."""
        return bool(self._value(key, bool, False))

    def permission(self, key: str) -> bool | tuple[str, ...]:
        """The boolean, or the texts, or the one text, at `key`; False if there is none."""
        value = self._data.get(key, False)
        if isinstance(value, bool):
            return value
        return (value,) if isinstance(value, str) else self.texts(key)

    def percentage(self, key: str) -> float | None:
        """The number from 0 to 100 at `key`, None if there is none."""
        value = self._data.get(key)
        if key not in self._data:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:  # noqa: PLR2004 - percent
            problem = f"'{dotted((*self._path, key))}' must be a number from 0 to 100"
            raise self._error(problem, (*self._path, key), f"write, for example, {key}: 80")
        return value

    def one_of(self, key: str, choices: tuple[Any, ...], default: Any) -> Any:
        """The value at `key`, which is one of `choices`, or else the default."""
        value = self._data.get(key, default)
        if key in self._data and not any(value == choice and type(value) is type(choice) for choice in choices):
            raise self._not_among(value, choices, (*self._path, key))
        return value

    def choices(self, key: str, choices: tuple[str, ...]) -> tuple[str, ...]:
        """The list that has to be at `key`, each of its texts once and one of `choices`."""
        self.require(key)
        texts = self.texts(key)
        for index, text in enumerate(texts):
            if text not in choices:
                raise self._not_among(text, choices, (*self._path, key, index))
        if len(set(texts)) < len(texts):
            raise self._error(
                f"'{dotted((*self._path, key))}' has an item twice", (*self._path, key), "keep one of them"
            )
        return texts

    def section(self, key: str, keys: frozenset[str]) -> Section:
        """The mapping at `key`, which may have `keys`; an empty one if there is none."""
        if key in self._data:
            self._value(key, dict, {})
            return Section(self._document, (*self._path, key), keys)
        return _Empty(self._document, self._path)

    def sections(self, key: str, keys: frozenset[str]) -> Iterator[Section]:
        """The mappings in the list at `key`, each of which may have `keys`."""
        for index, item in enumerate(self._value(key, list, [])):
            path = (*self._path, key, index)
            if not isinstance(item, dict):
                raise self._wrong_type(item, dict, path)
            yield Section(self._document, path, keys)

    def table(self, key: str, model: type[Table], read: Callable[[Section, str], Any]) -> Table:
        """A section all of whose values are read alike."""
        section = self.section(key, keys_of(model))
        return model(**{name: read(section, name) for name in keys_of(model)})

    def _value(self, key: str, wanted: type, default: Any) -> Any:
        value = self._data.get(key, default)
        if type(value) is not wanted:
            raise self._wrong_type(value, wanted, (*self._path, key))
        return value

    def _text(self, path: KeyPath, value: Any) -> str:
        if not isinstance(value, str):
            raise self._wrong_type(value, str, path)
        if not value:
            raise self._empty(path)
        return value

    def _empty(self, path: KeyPath) -> ManifestError:
        return self._error(f"'{dotted(path)}' is empty", path, "give it a value, or remove the key")

    def _wrong_type(self, value: Any, wanted: type, path: KeyPath) -> ManifestError:
        problem = f"'{dotted(path)}' must be {called(wanted())}, but it is {called(value)}"
        return self._error(problem, path, type_fix(self._document, path, wanted))

    def _not_among(self, value: Any, choices: tuple[Any, ...], path: KeyPath) -> ManifestError:
        allowed = ", ".join(map(str, choices))
        return self._error(f"'{dotted(path)}' cannot be '{shown(str(value))}'", path, f"choose one of: {allowed}")

    def _error(self, problem: str, path: KeyPath, fix: str, *, key: bool = False) -> ManifestError:
        place = self._document.where(path, key=key)
        return ManifestError(problem, file=place.file, line=place.line, column=place.column, fix=fix)


class _Empty(Section):
    """A section that the document leaves out."""

    def __init__(self, document: Document, path: KeyPath) -> None:
        self._document = document
        self._path = path
        self._data = {}


def type_fix(document: Document, path: KeyPath, wanted: type) -> str:
    """How a value of another type becomes one of type `wanted`."""
    value = document.at(path)
    if value is None:
        return "give it a value, or remove the key"
    if wanted is str and not isinstance(value, dict | list):
        return f'put it in quotes: "{document.written(path)}"'
    if wanted is list and isinstance(value, str):
        return f"make it a list: [{shown(value)}]"
    return f"write {called(wanted())}"
