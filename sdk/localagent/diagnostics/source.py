"""Classes of a Python file as far as its text tells, without importing it."""

from __future__ import annotations

import ast
import warnings
from dataclasses import dataclass, field
from importlib.util import decode_source

from localagent.diagnostics.diagnostic import Place
from localagent.errors import ManifestError
from localagent.manifest.decoding import read_bytes
from localagent.manifest.wording import shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_SIZE_LIMIT = 2 * 1024 * 1024
Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Source:
    """A parsed file.

    Attributes:
        file: where it was read from.
        tree: the module; None if it cannot be parsed.
        problem: why it cannot be parsed, with its place; None if it was.
        lines: its lines, where it was parsed.
    """

    file: Path
    tree: ast.Module | None
    problem: ManifestError | None = None
    lines: tuple[str, ...] = field(default=(), repr=False)

    def place(self, node: ast.stmt | ast.expr | ast.keyword) -> Place:
        """Where a node begins, in characters; for a decorated one, where its own first word is."""
        # The parser counts the bytes that the line has in UTF-8.
        before = self.lines[node.lineno - 1].encode()[: node.col_offset]
        return Place(self.file, node.lineno, len(before.decode()) + 1)

    def class_named(self, name: str) -> ast.ClassDef | None:
        """The last class of that name at the top level, conditions and ``try`` included."""
        found = None
        for statement in self._statements():
            if isinstance(statement, ast.ClassDef) and statement.name == name:
                found = statement
        return found

    def function_named(self, name: str) -> Function | None:
        """The last function of that name at the top level, conditions and ``try`` included."""
        found = None
        for statement in self._statements():
            if isinstance(statement, Function) and statement.name == name:
                found = statement
        return found

    def import_of(self, name: str) -> tuple[str, str] | None:
        """Module (with leading dots if relative) and original name of an imported name; None if it is not imported."""
        for statement in self._statements():
            if isinstance(statement, ast.ImportFrom):
                for alias in statement.names:
                    if (alias.asname or alias.name) == name:
                        return "." * statement.level + (statement.module or ""), alias.name
        return None

    def may_define(self, name: str) -> bool:
        """Whether something other than a class statement or a named import can give the module this name."""
        for statement in self._statements():
            if isinstance(statement, ast.ImportFrom) and any(alias.name == "*" for alias in statement.names):
                return True
            if isinstance(statement, ast.FunctionDef) and statement.name in {name, "__getattr__"}:
                return True
            if name in _assigned(statement):
                return True
        return False

    def class_names(self) -> list[str]:
        """Names of the classes at the top level."""
        return [statement.name for statement in self._statements() if isinstance(statement, ast.ClassDef)]

    def _statements(self) -> Iterator[ast.stmt]:
        """Statements that run when the module is imported."""
        pending = list(self.tree.body) if self.tree else []
        while pending:
            statement = pending.pop(0)
            yield statement
            if isinstance(statement, ast.If | ast.Try | ast.With | ast.For | ast.While):
                inner = [child for child in ast.iter_child_nodes(statement) if isinstance(child, ast.stmt)]
                handled = getattr(statement, "handlers", [])
                pending[:0] = [*inner, *(child for handler in handled for child in handler.body)]


@dataclass(frozen=True, slots=True)
class Lineage:
    """A class with those of its ancestors that the same file holds.

    Attributes:
        classes: the class first, then ancestors, nearest first.
        roots: last parts of the names of bases that come from elsewhere, such as ``CommandPlugin``.
    """

    classes: tuple[ast.ClassDef, ...]
    roots: frozenset[str]

    def method(self, name: str) -> Function | None:
        """The nearest method of that name."""
        methods = (item for node in self.classes for item in node.body if isinstance(item, Function))
        return next((method for method in methods if method.name == name), None)

    def assigns(self, name: str) -> bool:
        """Whether a class body assigns the name, with any value."""
        return any(name in _assigned(item) for node in self.classes for item in node.body)

    def sets_on_self(self, name: str) -> bool:
        """Whether a method sets ``self.name``."""
        return any(
            isinstance(inner, ast.Attribute) and inner.attr == name and isinstance(inner.ctx, ast.Store)
            for node in self.classes
            for inner in ast.walk(node)
        )

    def literal(self, name: str) -> tuple[ast.expr, str] | None:
        """The text a class attribute or a property of one return gives, with its node; None if it is no literal."""
        for node in self.classes:
            for item in node.body:
                value = _value_of(item, name)
                if value is not None:
                    text = value.value if isinstance(value, ast.Constant) else None
                    return (value, text) if isinstance(text, str) else None
        return None


def lineage(source: Source, node: ast.ClassDef) -> Lineage:
    """`node` and its ancestors, as far as they are in its file."""
    classes: list[ast.ClassDef] = []
    roots: set[str] = set()
    pending = [node]
    while pending:
        current = pending.pop(0)
        if current in classes:
            continue
        classes.append(current)
        for base in current.bases:
            name = base_name(base)
            inside = source.class_named(name) if isinstance(base, ast.Name) else None
            if inside is None or inside is current:
                roots.add(_original(source, base, name))
            else:
                pending.append(inside)
    return Lineage(tuple(classes), frozenset(roots))


def base_name(base: ast.expr) -> str:
    """The last part of a base's name, without its type arguments; empty for a computed base."""
    match base:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=value):
            return base_name(value)
        case _:
            return ""


def read_source(file: Path) -> Source:
    """The file at `file`, parsed; nothing in it runs."""
    try:
        data = read_bytes(file, limit=_SIZE_LIMIT)
    except ManifestError as error:
        return Source(file, None, error)
    return parse_source(data, file)


def parse_source(data: bytes, file: Path) -> Source:
    """`data`, the content of `file`, parsed."""
    try:
        with warnings.catch_warnings():
            # The compiler's advice on escapes and the like is for the file's author to ask for.
            warnings.simplefilter("ignore")
            tree = ast.parse(data, filename=str(file))
        return Source(file, tree, lines=tuple(decode_source(data).split("\n")))
    except SyntaxError as error:
        problem = f"not valid Python: {shown(error.msg)}"
        line, column = error.lineno or 1, max(error.offset or 1, 1)
    except (ValueError, RecursionError, MemoryError) as error:
        problem = f"not valid Python: {shown(str(error)) or 'nested too deeply'}"
        line, column = 1, 1
    return Source(file, None, ManifestError(problem, file=file, line=line, column=column, fix="correct the syntax"))


def _original(source: Source, base: ast.expr, name: str) -> str:
    """A base's name as its own module calls it, so that ``import … as`` hides nothing."""
    imported = source.import_of(name) if isinstance(base, ast.Name | ast.Subscript) else None
    return imported[1] if imported else name


def _assigned(statement: ast.stmt) -> set[str]:
    """Names a statement binds by assignment or import."""
    match statement:
        case ast.Assign(targets=targets):
            return {node.id for target in targets for node in ast.walk(target) if isinstance(node, ast.Name)}
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr()):
            return {name}
        case ast.Import(names=aliases):
            return {alias.asname or alias.name.partition(".")[0] for alias in aliases}
        case _:
            return set()


def _value_of(item: ast.stmt, name: str) -> ast.expr | None:
    """The expression that `item`, in a class body, gives to the attribute `name`."""
    match item:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value) if name in _assigned(item):
            return value
        case ast.FunctionDef(name=method) if method == name and item.decorator_list:
            returns = [inner for inner in ast.walk(item) if isinstance(inner, ast.Return)]
            return returns[0].value if len(returns) == 1 else ast.Constant(None)
        case _:
            return None
