"""What the user is told and asked when plugins come and go, and what is tried before they are used."""

from __future__ import annotations

import contextlib
import sys
import zipfile
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localagent.errors import PluginNotAvailable
from localagent.host import consent, environments, lock, quarantine
from localagent.host.dependencies import requirement_name
from localagent.host.discovery import discover
from localagent.host.identity import permission_words
from localagent.host.preflight import preflight
from localagent.host.records import forget_records, keep_records
from localagent.host.spec import SourceKind
from localagent.manifest.document import parse_document
from localagent.manifest.model import manifest_of

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from localagent.host.host import Host
    from localagent.host.spec import PluginSpec, Source
    from localagent.host.survey import Survey
    from localagent.manifest.model import Manifest
    from localagent.services.home import Home
    from localagent_cli.packaging.plan import Addition, InstallPlan

_MANIFEST = "plugin-manifest.yaml"


def described(plan: InstallPlan) -> Iterator[str]:
    """The lines of a plan: what is installed, from where, with which permissions, and what comes along."""
    for addition in plan.additions:
        if addition.origin is None:
            yield f"needs: {addition.distribution}"
        else:
            yield from _of_plugin(addition)
    for distribution in plan.replaced:
        yield f"replaces: {distribution}"


def plan_rows(plan: InstallPlan) -> list[dict[str, Any]]:
    """The same as JSON values, one for each distribution."""
    return [_row(addition, plan) for addition in plan.additions]


def growth(plan: InstallPlan) -> list[str]:
    """What plugins would be allowed or would need that they were or did not before, a line each."""
    environment = environments.current_environment(plan.home)
    lines: list[str] = []
    for addition in plan.plugins:
        new = manifest_of_wheel(addition.wheel)
        old = _installed_manifest(environment, addition.distribution.name)
        if new is not None and old is not None:
            more = sorted(_permissions(new) - _permissions(old))
            lines += [f"{addition.distribution} newly wants {permission}" for permission in more]
            known = {requirement_name(need) for need in old.dependencies.plugins}
            needed = [need for need in new.dependencies.plugins if requirement_name(need) not in known]
            lines += [f"{addition.distribution} newly depends on {need}" for need in needed]
    return lines


class Trial:
    """Runs new plugins once, in processes of their own, before they take the place of what is there.

    Args:
        host: what they are for.
        enable: whether all may run from now on; else only those are tried that may run already.
        force: whether one that does not work is taken all the same.
    """

    def __init__(self, host: Host, *, enable: bool, force: bool) -> None:
        self._host = host
        self._enable = enable
        self._force = force

    def __call__(self, generation: Path, plan: InstallPlan) -> Mapping[str, Mapping[str, Any]]:
        """The lines of the lock file for plugins of `plan` that may run from `generation`.

        Raises:
            PluginNotAvailable: one of them does not work.
        """
        return self.of({addition.distribution.name for addition in plan.plugins}, generation)

    def of(self, distributions: Iterable[str] | None, generation: Path) -> Mapping[str, Mapping[str, Any]]:
        """As above, for plugins of some distributions; of all where None is given."""
        home = self._host.home
        found = [spec for spec in specs_in(generation, home) if _is_of(spec, distributions)]
        tried = found if self._enable else [spec for spec in found if _may_run(spec, home)]
        self._try(tried, generation)
        for spec in tried:
            quarantine.lift(home, spec.name)
        return {spec.name: consent.line_of(spec) for spec in tried}

    def _try(self, specs: list[PluginSpec], generation: Path) -> None:
        sound = [spec for spec in specs if spec.flaw is None]
        with _importing_from(generation):
            records = preflight(sound, self._host.home, self._host.situation.budgets) if sound else {}
        keep_records(self._host.home, records)
        flaws = [(spec, spec.flaw or records[spec].failure) for spec in specs]
        for spec, flaw in flaws:
            if flaw is not None and not self._force:
                raise PluginNotAvailable(
                    f"{spec.name} {spec.version} does not work, so nothing was changed: {flaw.message}",
                    plugin=spec.name,
                    file=flaw.where or None,
                    fix=flaw.fix or "add --force to install it all the same",
                )


def specs_in(generation: Path, home: Home) -> tuple[PluginSpec, ...]:
    """The plugins that a generation of the plugin environment holds."""
    specs = discover(home, import_path=[str(generation)]).specs
    return tuple(spec for spec in specs if spec.source.distribution and not spec.source.is_folder)


def is_ours(source: Source, home: Home) -> bool:
    """Whether LocalAgent put a plugin there, so that it may take it away again."""
    return source.kind is SourceKind.LINK or source.root.is_relative_to(home.environments)


def take_out(home: Home, name: str, source: Source, picture: Survey) -> list[str]:
    """Take a plugin out with all that its source offers, and forget what was agreed to and learned of it.

    Returns:
        the names of the plugins that are gone.

    Raises:
        RefusedError: another plugin needs it.
        SystemProblem: the disk or another process is in the way.
    """
    from localagent_cli.packaging.install import remove_distribution

    everything = (*picture.plugins.values(), *picture.shadowed)
    own = frozenset(source.identities)
    names = [each.name for each in everything if not own.isdisjoint(each.spec.source.identities)] or [name]
    if source.kind is SourceKind.LINK:
        lock.unlink(home, source.root)
        for each in names:
            consent.forget(home, each)
    else:
        remove_distribution(source.distribution, home=home.path, forget=names)
    forget_records(home, names)
    return names


def manifest_of_wheel(wheel: Path) -> Manifest | None:
    """The manifest packed in a wheel, None if it has none.

    Raises:
        ManifestError: it cannot be read.
    """
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if name.rpartition("/")[2] == _MANIFEST:
                return manifest_of(parse_document(archive.read(name), Path(f"{wheel}/{name}")))
    return None


def _of_plugin(addition: Addition) -> Iterator[str]:
    origin = addition.origin
    yield f"plugin: {addition.distribution} from {origin}"
    if origin is not None and origin.runs_code:
        yield "built here: building it ran its code"
    manifest = manifest_of_wheel(addition.wheel)
    if manifest is not None:
        yield f"permissions: {'; '.join(permission_words(manifest.permissions)) or 'none declared'}"
        yield f"depends on: {', '.join(manifest.dependencies.plugins) or 'no other plugin'}"


def _row(addition: Addition, plan: InstallPlan) -> dict[str, Any]:
    manifest = manifest_of_wheel(addition.wheel) if addition.origin else None
    before = {distribution.name: distribution.version for distribution in plan.replaced}
    return {
        "name": addition.distribution.name,
        "version": addition.distribution.version,
        "replaces": before.get(addition.distribution.name),
        "source": str(addition.origin) if addition.origin else None,
        "sha256": addition.sha256,
        "permissions": list(permission_words(manifest.permissions)) if manifest else [],
        "depends_on": list(manifest.dependencies.plugins) if manifest else [],
    }


def _installed_manifest(environment: Path | None, distribution: str) -> Manifest | None:
    from localagent.host.distributions import scan
    from localagent.host.installed import manifest_beside

    for each in scan([str(environment)] if environment else []).distributions:
        for entry in each.entries if each.name == distribution else ():
            file = manifest_beside(each.info.parent, entry.target)
            if file is not None:
                return manifest_of(parse_document(file.read_bytes(), file))
    return None


def _permissions(manifest: Manifest) -> set[str]:
    """Each permission by itself, so that one more address of the network shows as one more."""
    found: set[str] = set()
    for item in fields(manifest.permissions):
        detail = getattr(manifest.permissions, item.name)
        found |= {item.name} if detail is True else {f"{item.name}: {each}" for each in detail or ()}
    return found


def _is_of(spec: PluginSpec, distributions: Iterable[str] | None) -> bool:
    return distributions is None or spec.source.distribution in distributions


def _may_run(spec: PluginSpec, home: Home) -> bool:
    said = consent.read_consents(home).get(spec.name)
    return said is not None and said.enabled and said.covers(spec)


@contextlib.contextmanager
def _importing_from(generation: Path) -> Generator[None]:
    """Within, what is started here finds the plugins of `generation`."""
    before = sys.path[:]
    environments.activate(generation)
    try:
        yield
    finally:
        sys.path[:] = before
