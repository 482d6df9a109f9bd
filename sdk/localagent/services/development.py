"""Development mode: whether it is on, whose plugins it loads, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError
from localagent.manifest.plain import is_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping

    from localagent.services.home import Home

DEFAULT_DIRECTORIES = ("./dev-plugins",)
_WORDS = {"1": True, "true": True, "yes": True, "on": True, "0": False, "false": False, "no": False, "off": False}


@dataclass(frozen=True, slots=True)
class Development:
    """What development mode says.

    Attributes:
        enabled: whether the mode is on.
        loads_plugins: whether plugins of trusted development folders are loaded.
        directories: the development folders, absolute, in order of precedence.
        debug: whether errors show their traces as ``--debug`` makes them.
    """

    enabled: bool
    loads_plugins: bool
    directories: tuple[Path, ...]
    debug: bool


def read_development(home: Home, environ: Mapping[str, str], current: Path) -> Development:
    """Development mode from ``development.yaml`` and the environment.

    Args:
        home: LocalAgent's home.
        environ: ``LOCALAGENT_DEV_MODE`` and ``LOCALAGENT_PLUGINS_ALLOW_DEV`` are looked at.
        current: what relative folders are relative to.

    Raises:
        ConfigError: the file or a variable cannot be understood.
    """
    exists = home.development_file.is_file()
    section = _section(home.development_file) if exists else {}
    plugins = section.get("plugins", {})
    mode = _flag(environ, "LOCALAGENT_DEV_MODE")
    allow = _flag(environ, "LOCALAGENT_PLUGINS_ALLOW_DEV")
    enabled = exists if mode is None else mode
    # Either source may forbid; neither can overrule the other's explicit "no".
    allowed = allow is not False and plugins.get("allow_dev_plugins", True) is not False
    named = plugins.get("development_directories") or (*DEFAULT_DIRECTORIES, str(home.path / "dev-plugins"))
    directories = tuple(dict.fromkeys((current / Path(str(name)).expanduser()).absolute() for name in named))
    return Development(enabled, enabled and allowed, directories, enabled and section.get("debug_mode") is True)


def _section(file: Path) -> dict[str, Any]:
    from localagent.manifest.document import read_document

    section = read_document(file, may_be_empty=True).data.get("development", {})
    if not is_mapping(section) or not is_mapping(section.get("plugins", {})):
        raise ConfigError("expected a mapping below the key 'development'", file=file, line=1, column=1)
    return section


def _flag(environ: Mapping[str, str], name: str) -> bool | None:
    text = environ.get(name)
    if text is None or not text.strip():
        return None
    try:
        return _WORDS[text.strip().lower()]
    except KeyError:
        raise ConfigError(f"{name} must be true or false, not {text!r}", fix=f"export {name}=true") from None
