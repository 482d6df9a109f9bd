"""The plugin that a run of pytest is about: the one that was named, else the one whose manifest is in the root."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from localagent.host.spec import PluginSpec
    from localagent.plugins.base import Plugin


class NotOne(Exception):
    """There is no plugin under test, or more than one; the message says what to do."""


class UnderTest:
    """The plugin under test, found when somebody asks.

    Args:
        named: what the option ``--localagent-plugin`` says; empty without it.
        manifest: the manifest in the root folder, if there is one.
        current: the folder that `named` is relative to.
    """

    def __init__(self, named: str, manifest: Path | None, current: Path) -> None:
        self._named = named
        self._manifest = manifest
        self._current = current

    @cached_property
    def specs(self) -> tuple[PluginSpec, ...]:
        """The plugins that may be meant.

        Raises:
            pytest.UsageError: what was named is no plugin.
        """
        if not self._named and self._manifest is None:
            return ()  # a host without a plugin reads no manifest, so nothing of that is imported
        from localagent_testing.conformance.target import find_target, manifest_target

        if self._named:
            return find_target(self._named, self._current).specs
        return manifest_target(self._manifest).specs if self._manifest is not None else ()

    @property
    def spec(self) -> PluginSpec:
        """The plugin.

        Raises:
            NotOne: there is none, or the package has several.
        """
        match self.specs:
            case (spec,):
                return spec
            case ():
                raise NotOne(
                    "no plugin is under test: run pytest in the folder with its plugin-manifest.yaml, name it with "
                    "--localagent-plugin, or override the fixture plugin_class"
                )
            case several:
                names = ", ".join(spec.name for spec in several)
                raise NotOne(f"the package has several plugins ({names}): override the fixture plugin_class with one")

    @cached_property
    def plugin_class(self) -> type[Plugin]:
        """Its class, imported as the host imports it.

        Raises:
            NotOne: as `spec`.
            PluginFailed: it cannot be imported or constructed.
        """
        from localagent.errors import PluginFailed
        from localagent.host.guard import Guard
        from localagent.host.loading import load

        spec = self.spec
        if spec.flaw is not None:
            flaw = spec.flaw
            raise PluginFailed(f"{flaw.step}: {flaw.message}", plugin=spec.name, step=flaw.step, fix=flaw.fix)
        return type(load(spec, Guard(spec.name, spec.code_root)))
