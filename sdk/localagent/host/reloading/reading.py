"""What can be told of changed files before any of their code runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from localagent.errors import ConfigError
from localagent.host.reloading.outcome import READ, refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from localagent.errors import PluginFailed
    from localagent.host.spec import PluginSpec


def first_problem(plugin: str, files: Iterable[Path]) -> PluginFailed | None:
    """Why one of these files cannot be Python source; None if all can, or are gone."""
    for file in files:
        try:
            compile(file.read_bytes(), str(file), "exec", dont_inherit=True)
        except FileNotFoundError:
            continue
        except OSError as error:
            return refused(READ, f"cannot be read: {error.strerror}", plugin=plugin, file=file)
        except SyntaxError as error:
            message = f"SyntaxError: {error.msg}"
            return refused(READ, message, plugin=plugin, file=file, line=error.lineno, column=error.offset)
        except ValueError as error:
            return refused(READ, f"is no Python source: {error}", plugin=plugin, file=file)
    return None


def schema_problem(spec: PluginSpec) -> PluginFailed | None:
    """Why the file with the schema of a plugin's settings cannot be used; None if it can, or there is none."""
    from localagent.plugins.config_schema import read_schema, schema_beside

    beside = spec.module_file or spec.manifest_file
    file = spec.schema_file or (schema_beside(beside.parent) if beside is not None else None)
    if file is None:
        return None
    try:
        read_schema(file)
    except ConfigError as error:
        return refused(
            READ, error.message, plugin=spec.name, file=error.file or file, line=error.line, column=error.column
        )
    return None


def source_files(spec: PluginSpec) -> tuple[Path, ...]:
    """The files of the modules of a plugin that are imported now, and its entry module."""
    from localagent.host.reloading.modules import own_modules

    files = (getattr(module, "__file__", None) for module in own_modules(spec).values())
    known = {Path(file) for file in files if file and file.endswith(".py")}
    return tuple(sorted(known | ({spec.module_file} if spec.module_file is not None else set())))
