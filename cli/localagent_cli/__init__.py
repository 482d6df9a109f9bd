"""The command line: words on argv in, an exit code out."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from localagent_cli.app import LocalAgentCLI as LocalAgentCLI

_HOMES = {"LocalAgentCLI": "localagent_cli.app"}
__all__ = ["LocalAgentCLI"]

# Hidden from type checkers: with it they would take any misspelt name for Any.
if not TYPE_CHECKING:

    def __getattr__(name):
        if name not in _HOMES:
            raise AttributeError(f"module 'localagent_cli' has no attribute {name!r}")
        from importlib import import_module

        return getattr(import_module(_HOMES[name]), name)

    def __dir__():
        return __all__
