"""What a file imports when it runs, and which distributions could bring that."""

from __future__ import annotations

import ast
import sys
from dataclasses import dataclass

from localagent.diagnostics.calls import full_name, is_for_checkers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from localagent.diagnostics.source import Source

# Of modules that are called otherwise than what brings them; the rest follows patterns.
_BROUGHT_BY = {
    "attr": "attrs",
    "bs4": "beautifulsoup4",
    "crypto": "pycryptodome",
    "cv2": "opencv-python",
    "dateutil": "python-dateutil",
    "docx": "python-docx",
    "fitz": "pymupdf",
    "git": "gitpython",
    "jwt": "pyjwt",
    "llama-cpp": "llama-cpp-python",
    "mysqldb": "mysqlclient",
    "pil": "pillow",
    "pkg-resources": "setuptools",
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "yaml": "pyyaml",
    "zmq": "pyzmq",
}
_PATTERNS = ("{}", "python-{}", "py{}", "py-{}", "{}-python", "{}-py", "{}-binary", "types-{}")
_ABSENT = frozenset({"BaseException", "Exception", "ImportError", "ModuleNotFoundError"})


@dataclass(frozen=True, slots=True)
class Import:
    """A module or a name that a file imports.

    Attributes:
        node: the statement.
        module: the module's full name, with leading dots where it is relative.
        name: the name taken from it; empty where the module itself is imported.
        may_fail: whether the code goes on without it.
    """

    node: ast.stmt
    module: str
    name: str
    may_fail: bool

    @property
    def top(self) -> str:
        """The first part of the module's name; empty where it is relative."""
        return self.module.partition(".")[0]


def imports_in(source: Source) -> Iterator[Import]:
    """Every import that can happen, functions included; not those that only type checkers see."""
    pending: list[tuple[ast.AST, bool]] = [(source.tree, False)] if source.tree else []
    while pending:
        node, may_fail = pending.pop()
        if isinstance(node, ast.Import):
            yield from (Import(node, alias.name, "", may_fail) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from (Import(node, module, alias.name, may_fail) for alias in node.names)
        else:
            pending += _inside(node, may_fail=may_fail)


def is_standard(module: str) -> bool:
    """Whether a module comes with Python."""
    return module in sys.stdlib_module_names or module == "__future__"


def is_brought_by(module: str, distributions: Collection[str]) -> bool:
    """Whether one of `distributions`, by their normalised names, could be what brings the module of this first name."""
    plain = module.lower().replace("_", "-")
    likely = {_BROUGHT_BY.get(plain, plain), *(pattern.format(plain) for pattern in _PATTERNS)}
    return any(name in likely or name.startswith(f"{plain}-") for name in distributions)


def likely_distribution(module: str) -> str:
    """What to require for a module of this first name."""
    plain = module.lower().replace("_", "-")
    return _BROUGHT_BY.get(plain, plain)


def _inside(node: ast.AST, *, may_fail: bool) -> Iterator[tuple[ast.AST, bool]]:
    if isinstance(node, ast.If) and is_for_checkers(node.test):
        yield from ((child, may_fail) for child in node.orelse)
    elif isinstance(node, ast.Try) and any(map(_catches_absence, node.handlers)):
        yield from ((child, True) for child in ast.iter_child_nodes(node))
    else:
        yield from ((child, may_fail) for child in ast.iter_child_nodes(node))


def _catches_absence(handler: ast.ExceptHandler) -> bool:
    if handler.type is None:
        return True
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    return any(full_name(each, {}) in _ABSENT for each in caught)
