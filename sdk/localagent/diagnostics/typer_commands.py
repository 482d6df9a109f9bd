"""The commands that a class registers, as far as the text of its ``register_commands`` tells."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from localagent.diagnostics.source import Function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import TypeGuard

    from localagent.diagnostics.source import Lineage, Source


@dataclass(frozen=True, slots=True)
class RegisteredCommand:
    """A command that is registered.

    Attributes:
        node: the call of ``app.command``.
        name: what it is called on the command line; empty where that is computed.
        function: what runs; None where that is not in the file.
        has_help: whether the call itself says what the command does.
    """

    node: ast.Call
    name: str
    function: Function | None
    has_help: bool


def registered_commands(source: Source, line: Lineage) -> tuple[tuple[RegisteredCommand, ...], bool]:
    """The commands, and whether these are surely all.

    They are not where the app is handed on, or used otherwise than by ``app.command``.
    """
    method = line.method("register_commands")
    arguments = method.args.posonlyargs + method.args.args if method else []
    if method is None or len(arguments) < 2:  # noqa: PLR2004 - self and the app
        return (), False
    app = arguments[1].arg
    found = tuple(_registered(source, line, method, app))
    uses = sum(isinstance(node, ast.Name) and node.id == app for node in ast.walk(method))
    return found, uses == len(found) and all(each.name for each in found)


def _registered(source: Source, line: Lineage, method: Function, app: str) -> Iterator[RegisteredCommand]:
    decorated = {
        id(decorator): inner
        for inner in ast.walk(method)
        if isinstance(inner, Function)
        for decorator in inner.decorator_list
    }
    applied = {id(node.func): node.args[0] for node in ast.walk(method) if isinstance(node, ast.Call) and node.args}
    for node in ast.walk(method):
        if _is_registration(node, app):
            function = decorated.get(id(node)) or _named(source, line, method, applied.get(id(node)))
            yield RegisteredCommand(node, _name(node, function), function, _says(node, "help"))


def _is_registration(node: ast.AST, app: str) -> TypeGuard[ast.Call]:
    match node:
        case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="command")):
            return name == app
        case _:
            return False


def _named(source: Source, line: Lineage, method: Function, node: ast.expr | None) -> Function | None:
    """The function that an expression names: a method of the class, one of the file or of the method itself."""
    match node:
        case ast.Attribute(value=ast.Name(id="self"), attr=name):
            return line.method(name)
        case ast.Name(id=name):
            inner = (each for each in ast.walk(method) if isinstance(each, Function) and each.name == name)
            return next(inner, None) or source.function_named(name)
        case _:
            return None


def _name(node: ast.Call, function: Function | None) -> str:
    """What Typer calls the command: the text it is given, else the function's name with hyphens."""
    given = [*node.args[:1], *(each.value for each in node.keywords if each.arg == "name")]
    match given:
        case [ast.Constant(value=str(name))]:
            return name
        case [] if function is not None and not any(each.arg is None for each in node.keywords):
            return function.name.lower().replace("_", "-")
        case _:
            return ""


def _says(node: ast.Call, keyword: str) -> bool:
    return any(each.arg in (keyword, None) for each in node.keywords)
