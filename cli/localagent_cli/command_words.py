"""The words of the built-in commands, read off their Typer apps once and kept in the index for completion."""

from __future__ import annotations

import os
import sys
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.main import get_command

from localagent.host.index import IndexFile, file_clock
from localagent.services.home_folder import home_folder
from localagent_cli import commands, warm
from localagent_cli.builtin_commands import BUILTINS

if TYPE_CHECKING:
    from collections.abc import Mapping

_HELP = {"names": ["--help"], "help": "Print this page", "metavar": "", "choices": []}


def keep_trees(environ: Mapping[str, str], home: str | None) -> dict[str, Any]:
    """The trees, kept until a module of the commands changes."""
    folder = home_folder(home, environ)
    since = file_clock(folder)
    found = trees()
    if since is not None:
        modules = map(str, Path(commands.__file__).parent.glob("*.py"))
        index = IndexFile(folder, os.getcwd(), warm.WORDS, environ)  # noqa: PTH109 - as text
        index.write(found, rests_on=[*modules, *_packages()], since=since)
    return found


def trees() -> dict[str, Any]:
    """Each built-in command by name, as `tree` describes it."""
    return {name: tree(_command(place)) for name, (_, place) in BUILTINS.items()}


def _command(place: str) -> Any:
    module, _, attribute = place.partition(":")
    return get_command(getattr(import_module(module), attribute))


def tree(command: Any) -> dict[str, Any]:
    """A command of Typer's as JSON values: ``{"help", "options", "arguments", "commands"}``.

    ``commands`` are further commands by name. An option is ``{"names", "help", "metavar", "choices"}`` with an empty
    ``metavar`` for a flag, an argument is ``{"metavar", "choices", "many"}``.
    """
    visible = [parameter for parameter in command.params if not parameter.hidden]
    inner: dict[str, Any] = getattr(command, "commands", {})
    return {
        "help": command.get_short_help_str(limit=120),
        "options": [*map(_option, filter(_is_option, visible)), _HELP],
        "arguments": [_argument(parameter) for parameter in visible if not _is_option(parameter)],
        "commands": {name: tree(each) for name, each in inner.items() if not each.hidden},
    }


def _is_option(parameter: Any) -> bool:
    return bool(parameter.param_type_name == "option")


def _option(option: Any) -> dict[str, Any]:
    return {
        "names": [*option.opts, *option.secondary_opts],
        "help": option.help or "",
        "metavar": "" if option.is_flag else _metavar(option),
        "choices": _choices(option),
    }


def _argument(argument: Any) -> dict[str, Any]:
    return {"metavar": _metavar(argument), "choices": _choices(argument), "many": argument.nargs == -1}


def _metavar(parameter: Any) -> str:
    return parameter.metavar or str(parameter.name).upper()


def _choices(parameter: Any) -> list[str]:
    return [str(getattr(choice, "value", choice)) for choice in getattr(parameter.type, "choices", ())]


def _packages() -> list[str]:
    """The files that say which commands there are, and what Typer makes of them."""
    names = ("localagent_cli.builtin_commands", "typer")
    return [file for name in names if (file := sys.modules[name].__file__) is not None]
