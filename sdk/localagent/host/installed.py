"""What one installed distribution offers, and the files by which it shows that this changed.

What is needed to read one is imported only then, since most are remembered.
"""

from __future__ import annotations

import dataclasses
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import ManifestError
from localagent.host.distributions import PluginDistribution, beneath_notice, is_final, read_distribution
from localagent.host.found import Unreadable
from localagent.host.spec import Flaw, PluginSpec, Source, SourceKind
from localagent.host.stamps import facts, stamps
from localagent.manifest.layout import is_file, module_file, package_dirs

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from localagent.host.distributions import PluginEntry
    from localagent.host.stamps import Stamp


@dataclass(frozen=True, slots=True)
class Installed:
    """What a distribution offers.

    Attributes:
        name: of the distribution, normalised; empty if there are no `specs`.
        specs: its plugins.
        unreadable: why it cannot be read; None if it can.
        rests_on: the files and folders whose change shows by no stamp of the folder that it is installed in.
        seen: the stamps of all that was read; empty where it must be read again each time.
    """

    name: str = ""
    specs: tuple[PluginSpec, ...] = ()
    unreadable: Unreadable | None = None
    rests_on: tuple[str, ...] = ()
    seen: dict[str, Stamp] = dataclasses.field(default_factory=dict)

    def to_row(self) -> list[Any]:
        """What can be read as JSON values; the last is `seen`."""
        return [self.name, [spec.to_row() for spec in self.specs], self.rests_on, self.seen]

    @classmethod
    def from_row(cls, row: Sequence[Any]) -> Installed:
        """What `to_row` was given."""
        name, specs, rests_on, seen = row
        return cls(name, tuple(map(PluginSpec.from_row, specs)), None, tuple(rests_on), seen)


def look(info: str) -> Installed:
    """Read what the distribution offers that the folder `info` describes."""
    outcome = read_distribution(info)
    rests_on = beneath_notice(info, outcome)
    if isinstance(outcome, Unreadable):
        return Installed(unreadable=outcome, rests_on=tuple(rests_on))
    specs = tuple(_spec(outcome, entry) for entry in outcome.entries) if outcome is not None else ()
    if outcome is not None and outcome.editable is not None:
        rests_on += source_tree(outcome.editable)
    seen = stamps(_read_for(info, outcome, specs, rests_on)) if is_final(info) else {}
    return Installed(outcome.name if outcome is not None else "", specs, None, tuple(rests_on), seen)


def _read_for(
    info: str, distribution: PluginDistribution | None, specs: Sequence[PluginSpec], rests_on: Sequence[str]
) -> Iterator[str]:
    """The files and folders by which it shows that another look would tell something else; each is one more to stamp.

    An installer that puts another distribution in the same place writes its entry points anew, so these speak for the
    other files beside them. What is in an entry module is looked at when it is loaded.
    """
    yield f"{info}{os.sep}entry_points.txt"
    if distribution is None:
        return
    if distribution.editable is not None:
        yield from (f"{info}{os.sep}METADATA", f"{info}{os.sep}direct_url.json")
    yield from rests_on
    site = os.path.dirname(info)  # noqa: PTH120 - a thousand Path objects cost more than the looking
    for spec in specs:
        files = [os.fspath(file) for file in (spec.module_file, spec.manifest_file) if file is not None]
        folders = [] if spec.source.editable else list(_packages(site, spec.target.partition(":")[0].split(".")))
        yield from folders
        # The stamp of a folder tells whether a module is in it; a manifest is read, so its own stamp is needed.
        yield from (
            file
            for file in files
            if not file.endswith(".py") or os.path.dirname(file) not in folders  # noqa: PTH120 - as above
        )


def _packages(site: str, parts: Sequence[str]) -> Iterator[str]:
    """The folders whose listing tells where a module lies: those of the packages around it, or its own."""
    folder = site
    for part in parts[:-1] or parts:
        folder = f"{folder}{os.sep}{part}"
        yield folder


def source_tree(root: Path) -> Iterator[str]:
    """The folders and files of a source tree that decide which plugins it holds."""
    yield str(root)
    if os.path.isdir(root):  # noqa: PTH112 - as above
        from localagent.host.identity import MARKS

        yield from (str(root / mark) for mark in MARKS)
        yield from (str(folder) for pattern in ("*/", "src/*/") for folder in root.glob(pattern) if _is_code(folder))


def _is_code(folder: Path) -> bool:
    return not folder.name.startswith((".", "__")) and is_file(folder / "__init__.py")


def _spec(distribution: PluginDistribution, entry: PluginEntry) -> PluginSpec:
    """The spec of an installed plugin, enriched by the manifest that lies beside its code."""
    module = entry.target.partition(":")[0]
    root = distribution.editable
    if root is None:
        site = os.path.dirname(distribution.info)  # noqa: PTH120 - as above
        file: str | Path | None = _module_beside(site, module)
        manifest = manifest_beside(site, entry.target)
    else:
        from localagent.host.identity import read_pyproject
        from localagent.manifest.model import manifest_in

        file = module_file(root, module, package_dirs(read_pyproject(root)))
        manifest = manifest_in(root)
    flaw = _broken_entry(distribution, entry)
    known: dict[str, Any] = {"description": distribution.summary}
    if flaw is not None:
        known["flaw"] = flaw
    elif manifest is not None:
        known |= _told_by(manifest, entry)
    known["version"] = distribution.version or known.get("version", "")
    return PluginSpec(
        entry.name,
        entry.kind,
        entry.target,
        Source(SourceKind.DISTRIBUTION, root or distribution.info, distribution.name, editable=root is not None),
        module_file=file,
        seen=facts((file, manifest)) if root is None else (),
        **known,
    )


def _module_beside(site: str, module: str) -> str | None:
    """The file that importing a module from a folder of the import path would load."""
    parts = module.split(".")
    if not all(part.isidentifier() for part in parts):
        return None
    base = os.path.join(site, *parts)  # noqa: PTH118 - as above
    return next(filter(os.path.isfile, (f"{base}{os.sep}__init__.py", f"{base}.py")), None)


def manifest_beside(site: str | Path, target: str) -> Path | None:
    """The manifest that lies in the package of an installed plugin."""
    from localagent.manifest.model import find_manifest

    return find_manifest(os.path.join(site, target.partition(":")[0].partition(".")[0]))  # noqa: PTH118 - as above


def _told_by(file: Path, entry: PluginEntry) -> dict[str, Any]:
    """What a manifest tells of a plugin, or why it cannot be read, as keyword arguments of `PluginSpec`."""
    from localagent.host import identity
    from localagent.manifest.model import read_manifest

    try:
        manifest = read_manifest(file)
    except ManifestError as error:
        return {"manifest_file": file, "flaw": Flaw("manifest", error.message, error.place, error.fix or "")}
    declared = next((each for each in manifest.entry_points if each.name == entry.name), None)
    return identity.describe(manifest, declared)


def _broken_entry(distribution: PluginDistribution, entry: PluginEntry) -> Flaw | None:
    module, colon, attribute = entry.target.partition(":")
    names = [*module.split("."), *attribute.split(".")] if colon else []
    if names and all(name.isidentifier() for name in names):
        return None
    return Flaw(
        "identity",
        f"'{entry.name} = {entry.target}' is no entry point: expected 'module:Class'",
        f"{distribution.info / 'entry_points.txt'}:{entry.line}",
        "correct the entry point in the plugin's pyproject.toml and install it again",
    )
