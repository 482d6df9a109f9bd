"""The import paths of the plugin development guide, as lazy aliases of this package's public names.

``app.cli.plugins.framework`` has all of ``localagent.__all__``, ``app.llm_providers.base_provider`` the provider
contract, ``app.cli.core.app`` the command line. One finder at the end of `sys.meta_path` answers for them, so a real
package called ``app`` wins.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType

_FRAMEWORK = "app.cli.plugins.framework"
# The command line is named by text: the runtime never imports it unless a plugin's test asks by the guide's path.
_HOMES: dict[str, tuple[str, tuple[str, ...] | None]] = {
    _FRAMEWORK: ("localagent", None),
    "app.llm_providers.base_provider": ("localagent", ("BaseProvider", "CompletionRequest", "CompletionResponse")),
    "app.cli.core.app": ("localagent_cli", ("LocalAgentCLI",)),
}
_PACKAGES = frozenset(name.rpartition(".")[0] for name in _HOMES)
_PARENTS = frozenset(".".join(package.split(".")[:depth]) for package in _PACKAGES for depth in (1, 2, 3))


class GuideNames:
    """A meta path finder that makes the guide's modules out of the public package."""

    @staticmethod
    def find_spec(name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """A spec for a module the guide names, else None; a real package's search path means it is not ours."""
        if path:
            return None
        if name in _HOMES:
            return ModuleSpec(name, GuideNames)  # type: ignore[arg-type] # a class with static methods is a loader
        if name in _PARENTS:
            return ModuleSpec(name, GuideNames, is_package=True)  # type: ignore[arg-type] # as above
        return None

    @staticmethod
    def create_module(spec: ModuleSpec) -> None:
        """Let the import system make an ordinary module."""

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Give the module the names of its home, looked up on use."""
        if module.__name__ not in _HOMES:
            return
        home_name, names = _HOMES[module.__name__]
        home = importlib.import_module(home_name)
        exported = list(names if names is not None else home.__all__)

        def look_up(name: str) -> object:
            if name not in exported:
                raise AttributeError(f"module {module.__name__!r} has no attribute {name!r}")
            return getattr(home, name)

        module.__dict__.update(__all__=exported, __getattr__=look_up, __dir__=lambda: exported)


def install() -> None:
    """Make the guide's import paths work; doing it twice changes nothing."""
    if GuideNames not in sys.meta_path:
        sys.meta_path.append(GuideNames)
