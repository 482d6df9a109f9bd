"""What a wheel or a source archive delivers: the wheel to install, its plugins, and the tests that came along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name

from localagent.errors import PluginNotAvailable, RefusedError
from localagent.version import __version__
from localagent_cli.packaging.archive_reading import read_archive
from localagent_cli.packaging.installed import needs, wheel_distribution
from localagent_cli.packaging.unpacking import SDIST, unpack_sdist
from localagent_cli.packaging.verification import DANGERS, verify_archive

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localagent.diagnostics.diagnostic import Diagnostic
    from localagent_cli.packaging.installed import Distribution

WHEEL = ".whl"

_HOST = "localagent"
_TEST_EXTRA = "test"


@dataclass(frozen=True, slots=True)
class Delivery:
    """A plugin package as users get it.

    Attributes:
        wheel: what is installed.
        requirement: the wheel as a requirement (PEP 508), with its extra ``test`` where its own tests will run.
        plugins: the names of its plugins.
        source: the folder of the unpacked source archive; None where only a wheel came.
        tests: files of tests that the wheel itself has, as they are installed below ``site-packages``.
        findings: what the rules for wheels found.
    """

    wheel: Path
    requirement: str
    plugins: tuple[str, ...]
    source: Path | None
    tests: tuple[str, ...]
    findings: tuple[Diagnostic, ...]


def is_archive(path: Path) -> bool:
    """Whether a path names a wheel or a source archive that is there."""
    return path.name.endswith((WHEEL, SDIST)) and path.is_file()


def open_delivery(archive: Path, work: Path, tell: Callable[[str], object]) -> Delivery:
    """Read a wheel, or unpack a source archive and build its wheel, which runs its code.

    Args:
        archive: a file that `is_archive`.
        work: a folder to unpack and build in.
        tell: told what begins and may take long.

    Raises:
        PluginNotAvailable: it holds no plugin.
        RefusedError: it is unsafe to unpack, is not whole, or wants to bring a LocalAgent of its own.
        PluginError: the source archive cannot be built.
        MissingExtra: the extra ``dev``, which builds, is not installed.
    """
    source = None
    if archive.name.endswith(SDIST):
        source = unpack_sdist(archive, work / "source")
        tell(f"building a wheel from {archive.name} ...")
        wheel = _built(source, work)
    else:
        wheel = archive
    return _delivery(wheel, source)


def _delivery(wheel: Path, source: Path | None) -> Delivery:
    findings = tuple(verify_archive(wheel))
    for finding in findings:
        if finding.rule in DANGERS:
            raise RefusedError(finding.message, file=wheel, fix=finding.fix, rule=finding.rule)
    distribution = wheel_distribution(wheel)
    extras = frozenset({_TEST_EXTRA}) if source is not None and _offers_test_extra(distribution) else frozenset[str]()
    _refuse_other_host(distribution, extras, wheel)
    contents = read_archive(wheel)
    if not contents.entries:
        raise PluginNotAvailable(
            "nothing to test: the wheel announces no plugin",
            file=wheel,
            fix='name the plugin\'s class under [project.entry-points."localagent.plugins.commands"]',
        )
    name = f"{distribution.name}[{_TEST_EXTRA}]" if extras else distribution.name
    return Delivery(
        wheel,
        f"{name} @ {wheel.resolve().as_uri()}",
        tuple(dict.fromkeys(entry.name for entry in contents.entries)),
        source,
        () if source is not None else tuple(sorted(path for path in contents.paths if _is_test(path))),
        findings,
    )


def _refuse_other_host(distribution: Distribution, extras: frozenset[str], wheel: Path) -> None:
    """Refuse a package that wants another LocalAgent than the one that runs: this one is what tests it."""
    for need in needs(distribution, extras):
        if canonicalize_name(need.name) != _HOST:
            continue
        if need.url:
            raise RefusedError(
                f"{distribution} takes {_HOST} from {need.url}; a plugin is tested with the one that runs",
                file=wheel,
                fix=f'require "{_HOST}>={__version__}" instead',
            )
        if not need.specifier.contains(__version__, prereleases=True):
            raise RefusedError(
                f"{distribution} needs {need}, and this is {_HOST} {__version__}",
                file=wheel,
                fix=f"test it with such a {_HOST}, or correct the requirement",
            )


def _offers_test_extra(distribution: Distribution) -> bool:
    return len(needs(distribution, (_TEST_EXTRA,))) > len(needs(distribution))


def _is_test(path: str) -> bool:
    name = path.rpartition("/")[2]
    return name.startswith("test_") and name.endswith(".py")


def _built(source: Path, work: Path) -> Path:
    from localagent_cli.packaging.build import build_project

    built = build_project(source, out=work / "built", sdist=False)
    assert built.wheel is not None  # noqa: S101 - it was asked for
    return built.wheel
