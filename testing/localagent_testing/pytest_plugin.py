"""What pytest loads at every start: the options, and all the rest only where there is a plugin to test.

Importing this module also imports its package, which makes the guide's import paths work before any conftest is read.
"""

from __future__ import annotations

import os
from pathlib import Path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    import pytest

    from localagent_testing.conformance.target import Target

MANIFESTS = ("plugin-manifest.yaml", "plugin-manifest.yml")
"""The file names that pytest collects; ``plugin.yaml``, which other tools use too, is tested when it is named."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options."""
    group = parser.getgroup("localagent", "LocalAgent plugins")
    group.addoption(
        "--localagent-plugin",
        metavar="PATH",
        help="test the conformance of the plugin in this folder, file or manifest, or of an installed one: name:NAME",
    )
    group.addoption("--localagent-report", metavar="FILE", help="write the results to this file, as JSON")
    group.addoption("--localagent-audit", action="store_true", help="hold what plugins use against their permissions")
    group.addoption("--localagent-no-integration", action="store_true", help="leave out tests marked as integration")
    group.addoption("--localagent-conformance-only", action="store_true", help="leave out all other tests")


def pytest_configure(config: pytest.Config) -> None:
    """Register what the options ask for and what the manifests in sight need."""
    report = config.getoption("localagent_report")
    if report and not hasattr(config, "workerinput"):  # xdist's workers send their results to the process that has it
        from localagent_testing.report import ReportFile

        config.pluginmanager.register(ReportFile(_absolute(report, config)), "localagent-report")
    if config.getoption("localagent_no_integration"):
        from localagent_testing.selecting import WithoutIntegration

        config.pluginmanager.register(WithoutIntegration(), "localagent-without-integration")
    named = config.getoption("localagent_plugin")
    manifests = frozenset(_manifests(config))
    _offer_fixtures(config, named)
    only = bool(config.getoption("localagent_conformance_only"))
    if named or manifests:
        from localagent_testing.collecting import Collecting

        target = _target(named, config) if named else None
        config.pluginmanager.register(Collecting(manifests, target, only=only), "localagent-conformance")
    elif only:
        import pytest

        raise pytest.UsageError(f"--localagent-conformance-only: there is no plugin manifest in {config.rootpath}")


def _offer_fixtures(config: pytest.Config, named: str | None) -> None:
    """Register the fixtures, and let a flat plugin under test be imported under both of its names."""
    from localagent_testing import fixtures
    from localagent_testing.under_test import UnderTest

    folder = _absolute(named, config) if named else config.rootpath
    manifest = next((file for name in MANIFESTS if (file := folder / name).is_file()), None)
    config.stash[fixtures.UNDER_TEST] = UnderTest(named or "", manifest, config.invocation_params.dir)
    config.pluginmanager.register(fixtures, "localagent-fixtures")
    if any(getattr(plugin, "__name__", "") == "pytest_asyncio.plugin" for plugin in config.pluginmanager.get_plugins()):
        from localagent_testing import fixtures_on_loop

        config.pluginmanager.register(fixtures_on_loop, "localagent-fixtures-on-loop")
    if manifest is not None:
        from localagent_testing.flat_layout import FlatLayout

        finder = FlatLayout(manifest)
        finder.install()
        config.add_cleanup(finder.remove)


def _target(named: str, config: pytest.Config) -> Target:
    from localagent_testing.conformance.target import find_target

    return find_target(named, config.invocation_params.dir)


def _manifests(config: pytest.Config) -> Iterator[Path]:
    """The manifests in the root folder, in its direct subfolders, and among pytest's arguments."""
    named = [_absolute(argument.partition("::")[0], config) for argument in config.args]
    yield from (path for path in named if path.name in MANIFESTS)
    for name in MANIFESTS:
        for folder in (config.rootpath, *named):
            if (folder / name).is_file():
                yield folder / name
        yield from config.rootpath.glob(f"*/{name}")


def _absolute(path: str, config: pytest.Config) -> Path:
    """`path` as pytest writes it: links are not followed."""
    return Path(os.path.abspath(config.invocation_params.dir / path))  # noqa: PTH100 - resolve() would follow them
