"""What the code of a file calls, by the full names of what it imported."""

from __future__ import annotations

import ast
from dataclasses import dataclass

from localagent.diagnostics.source import Function

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from localagent.diagnostics.source import Source


@dataclass(frozen=True, slots=True)
class Call:
    """A call in a file.

    Attributes:
        node: the call.
        name: what is called, by its full name, such as ``time.sleep``; empty where that is computed.
        function: the nearest function around it; None where it runs at import.
    """

    node: ast.Call
    name: str
    function: Function | None

    @property
    def is_in_coroutine(self) -> bool:
        """Whether an ``async def`` makes it by itself, and not a plain function within."""
        return isinstance(self.function, ast.AsyncFunctionDef)


def calls_in(source: Source) -> Iterator[Call]:
    """Every call that can happen when the file is imported or used; not what only runs as a script."""
    if source.tree is not None:
        names = imported_names(source.tree)
        yield from _calls(source.tree, names, None)


def imported_names(tree: ast.Module) -> dict[str, str]:
    """The full names behind the names that imports anywhere in the file bind."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        match node:
            case ast.Import(names=aliases):
                for alias in aliases:
                    top = alias.name.partition(".")[0]
                    found[alias.asname or top] = alias.name if alias.asname else top
            case ast.ImportFrom(module=str(module), level=0, names=aliases):
                found |= {alias.asname or alias.name: f"{module}.{alias.name}" for alias in aliases}
            case _:
                pass
    return found


def full_name(node: ast.expr, names: Mapping[str, str]) -> str:
    """The dotted name that an expression is, with what imports stand for; empty for anything else."""
    match node:
        case ast.Name(id=name):
            return names.get(name, name)
        case ast.Attribute(value=value, attr=attribute):
            before = full_name(value, names)
            return f"{before}.{attribute}" if before else ""
        case _:
            return ""


def is_for_checkers(test: ast.expr) -> bool:
    """Whether a condition is ``TYPE_CHECKING``, so that what it guards never runs."""
    return full_name(test, {}).rpartition(".")[2] == "TYPE_CHECKING"


def _calls(node: ast.AST, names: Mapping[str, str], function: Function | None) -> Iterator[Call]:
    pending: list[tuple[ast.AST, Function | None]] = [(node, function)]
    while pending:
        current, around = pending.pop()
        if isinstance(current, ast.If) and (_is_script(current.test) or is_for_checkers(current.test)):
            pending += [(child, around) for child in current.orelse]
            continue
        if isinstance(current, ast.Call):
            yield Call(current, full_name(current.func, names), around)
        if isinstance(current, Function):
            # Decorators and defaults run where the function is defined, not where it is called.
            outside = [*current.decorator_list, *current.args.defaults, *filter(None, current.args.kw_defaults)]
            pending += [(child, around) for child in outside]
            pending += [(child, current) for child in current.body]
        else:
            pending += [(child, around) for child in ast.iter_child_nodes(current)]


def _is_script(test: ast.expr) -> bool:
    match test:
        case ast.Compare(left=ast.Name(id="__name__"), comparators=[ast.Constant(value="__main__")]):
            return True
        case _:
            return False
