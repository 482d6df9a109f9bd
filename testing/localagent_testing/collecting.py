"""The hooks of a run with plugins in sight; what they need to know of a plugin is imported when one is collected."""

# pyright: reportUnknownMemberType=false
# pytest leaves the constructors of its nodes untyped.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from localagent.manifest.layout import project_root
from localagent_testing.report import WARNING_PROPERTY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from localagent_testing.conformance.target import Target
    from localagent_testing.nodes import PluginNode


class Collecting:
    """Collects manifests and, wherever pytest looks, the target that was named.

    Args:
        manifests: the manifests that are collected where pytest comes by.
        target: what is tested anyway; its manifest is not collected a second time.
        only: whether all other tests are left out.
    """

    def __init__(self, manifests: frozenset[Path], target: Target | None, *, only: bool) -> None:
        named = tuple(spec.manifest_file for spec in target.specs) if target is not None else ()
        self._manifests = frozenset(manifest for manifest in manifests if manifest.resolve() not in named)
        self._folders = {folder for manifest in manifests for folder in (manifest.parent, project_root(manifest))}
        self._target = target
        self._only = only

    @pytest.hookimpl(tryfirst=True)
    def pytest_collect_directory(self, path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Keep pytest from importing the ``__init__.py`` of a plugin as that of a package of tests."""
        return pytest.Dir.from_parent(parent, path=path) if path in self._folders else None

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave out other tests where only conformance is wanted."""
        is_other = self._only and collection_path.is_file() and collection_path not in self._manifests
        return True if is_other else None

    def pytest_collect_file(self, file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
        """Collect a manifest."""
        if file_path not in self._manifests:
            return None
        return TargetFile.from_parent(parent, path=file_path)

    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the tests of the target, which pytest does not come by on its own."""
        if self._target is not None:
            path, label = self._target.path, self._target.label
            file = TargetFile.from_parent(session, path=path, nodeid=label, target=self._target)
            items[:0] = (rule for plugin in file.collect() for rule in plugin.collect())

    def pytest_report_teststatus(self, report: pytest.TestReport) -> tuple[str, str, str] | None:
        """Count a rule that only warns apart from those that passed."""
        is_warning = report.when == "call" and report.passed and WARNING_PROPERTY in dict(report.user_properties)
        return ("warned", "w", "WARNED") if is_warning else None

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Show what rules warn of."""
        warned: list[pytest.TestReport] = terminalreporter.getreports("warned")
        if warned:
            terminalreporter.section("conformance warnings")
        for report in warned:
            terminalreporter.write_line(dict(report.user_properties)[WARNING_PROPERTY])


class TargetFile(pytest.File):
    """A manifest, or another file or folder, with the plugins it stands for.

    pytest makes a node of every file beside the ones it was asked for, so nothing is read before `collect`.
    """

    def __init__(self, *, target: Target | None = None, **pytests: Any) -> None:
        super().__init__(**pytests)
        self._target = target

    def collect(self) -> Iterator[PluginNode]:
        """The plugins."""
        from localagent_testing.conformance.target import manifest_target
        from localagent_testing.nodes import PluginNode

        target = self._target or manifest_target(self.path)
        for spec in target.specs:
            yield PluginNode.from_parent(self, name=spec.name, spec=spec)
