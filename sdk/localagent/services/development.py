"""Development mode: whether it is on, whose plugins it loads, and where they lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from localagent.errors import ConfigError
from localagent.manifest.plain import is_list, is_mapping
from localagent.manifest.wording import did_you_mean, dotted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.manifest.composing import KeyPath
    from localagent.manifest.document import Document
    from localagent.services.home import Home

DEFAULT_DIRECTORIES = ("./dev-plugins",)
_SECTION = "development"
_PLUGINS = (_SECTION, "plugins")
_WORKFLOW = (_SECTION, "workflow")
_KEYS: dict[tuple[str, ...], tuple[str, ...]] = {
    (): (_SECTION,),
    (_SECTION,): ("debug_mode", "hot_reload", "verbose_logging", "plugins", "workflow"),
    _PLUGINS: ("allow_dev_plugins", "auto_reload", "development_directories"),
    _WORKFLOW: ("enable_step_debugging", "save_intermediate_results", "detailed_error_traces"),
}
"""By mapping of the file the keys it may have; others are told, but for those that begin with ``x-``."""
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


class Development(NamedTuple):
    """What development mode says.

    Attributes:
        enabled: whether the mode is on.
        loads_plugins: whether plugins of trusted development folders are loaded.
        directories: the development folders, absolute, in order of precedence.
        debug: whether everything is told as ``--debug`` makes it; ``debug_mode``.
        verbose: whether log lines that only inform are shown too; ``verbose_logging``.
        hot_reload: whether a running host takes up changed code; ``hot_reload``.
        auto_reload: whether it does so for plugins of development folders without being asked;
            ``plugins.auto_reload``.
        step_debugging: whether workflows stop before each step; ``workflow.enable_step_debugging``.
        keeps_results: whether workflows keep what each step gave; ``workflow.save_intermediate_results``.
        detailed_traces: whether workflows tell errors with traces; ``workflow.detailed_error_traces``.
        hints: keys of the file that mean nothing, each with its place and what was probably meant.
    """

    enabled: bool
    loads_plugins: bool
    directories: tuple[Path, ...]
    debug: bool
    verbose: bool = False
    hot_reload: bool = False
    auto_reload: bool = False
    step_debugging: bool = False
    keeps_results: bool = False
    detailed_traces: bool = False
    hints: tuple[str, ...] = ()


def read_development(home: Home, environ: Mapping[str, str], current: Path) -> Development:
    """Development mode from ``development.yaml`` and the environment.

    Args:
        home: LocalAgent's home.
        environ: ``LOCALAGENT_DEV_MODE`` and ``LOCALAGENT_PLUGINS_ALLOW_DEV`` are looked at.
        current: what relative folders are relative to.

    Raises:
        ConfigError: the file or a variable says something that cannot be meant.
        ManifestError: the file cannot be read.
    """
    document = _document(home.development_file) if home.development_file.is_file() else None
    mode = flag(environ, "LOCALAGENT_DEV_MODE")
    allow = flag(environ, "LOCALAGENT_PLUGINS_ALLOW_DEV")
    enabled = document is not None if mode is None else mode
    # Either source may forbid; neither can overrule the other's explicit "no".
    allowed = allow is not False and _switch(document, (*_PLUGINS, "allow_dev_plugins"), default=True)
    named = _named_folders(document) or [*map(Path, DEFAULT_DIRECTORIES), home.path / "dev-plugins"]
    directories = tuple(dict.fromkeys((current / name).absolute() for name in named))

    def said(*path: str) -> bool:
        return _switch(document, path, default=False) and enabled

    return Development(
        enabled,
        enabled and allowed,
        directories,
        debug=said(_SECTION, "debug_mode"),
        verbose=said(_SECTION, "verbose_logging"),
        hot_reload=said(_SECTION, "hot_reload"),
        auto_reload=said(*_PLUGINS, "auto_reload"),
        step_debugging=said(*_WORKFLOW, "enable_step_debugging"),
        keeps_results=said(*_WORKFLOW, "save_intermediate_results"),
        detailed_traces=said(*_WORKFLOW, "detailed_error_traces"),
        hints=_hints(document) if document else (),
    )


def _document(file: Path) -> Document:
    from localagent.manifest.document import read_document

    document = read_document(file, may_be_empty=True)
    for path in filter(None, _KEYS):
        value = document.at(path)
        if value is not None and not is_mapping(value):
            raise _misfit(document, path, "a mapping")
    return document


def _hints(document: Document) -> tuple[str, ...]:
    """What to say of each key that the file may not have."""
    return tuple(
        _hint(document, (*path, key), known)
        for path, known in _KEYS.items()
        for key in document.at(path) or ()
        if key not in known and not key.startswith("x-")
    )


def _hint(document: Document, path: KeyPath, known: tuple[str, ...]) -> str:
    key = str(path[-1])
    elsewhere = next((dotted((*where, key)) for where, keys in _KEYS.items() if key in keys), "")
    meant = f"it belongs at '{elsewhere}'" if elsewhere else did_you_mean(key, known) or f"known are {', '.join(known)}"
    return f"{document.where(path, key=True)}: '{dotted(path)}' means nothing; {meant}"


def _switch(document: Document | None, path: tuple[str, ...], *, default: bool) -> bool:
    value = document.at(path) if document else None
    if document is None or value is None:
        return default
    if not isinstance(value, bool):
        raise _misfit(document, path, "true or false")
    return value


def _named_folders(document: Document | None) -> list[Path]:
    path = (*_PLUGINS, "development_directories")
    named = document.at(path) if document else None
    if document is None or named in (None, ""):
        return []
    if is_list(named):
        return [_folder(document, (*path, number)) for number in range(len(named))]
    return [_folder(document, path)]


def _folder(document: Document, path: KeyPath) -> Path:
    name = document.at(path)
    if not isinstance(name, str | int | float) or isinstance(name, bool) or "\0" in str(name):
        raise _misfit(document, path, "a folder, or a list of folders")
    try:
        return Path(document.written(path)).expanduser()
    except RuntimeError:
        raise _misfit(document, path, "a folder of a user that exists") from None


def _misfit(document: Document, path: KeyPath, expected: str) -> ConfigError:
    key = ".".join(part for part in path if isinstance(part, str))
    place = document.where(path)
    return ConfigError(
        f"'{key}' must be {expected}, not {document.at(path)!r}",
        file=place.file,
        line=place.line,
        column=place.column,
        fix=f"correct or remove '{key}'",
    )


def flag(environ: Mapping[str, str], name: str) -> bool | None:
    """What a variable that switches something says; None where it says nothing.

    Raises:
        ConfigError: it is neither true nor false.
    """
    text = environ.get(name)
    if text is None or not text.strip():
        return None
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise ConfigError(f"{name} must be true or false, not {text!r}", fix=f"export {name}=true") from None
