"""What the user is told before an installation: each plugin with its permissions and needs."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from localagent.host.identity import permission_words
from localagent.manifest.document import parse_document
from localagent.manifest.model import manifest_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.manifest.model import Manifest
    from localagent_cli.packaging.install import Addition, InstallPlan

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


def _of_plugin(addition: Addition) -> Iterator[str]:
    yield f"plugin: {addition.distribution} from {addition.origin}"
    manifest = manifest_of_wheel(addition.wheel)
    if manifest is not None:
        yield f"permissions: {'; '.join(permission_words(manifest.permissions)) or 'none declared'}"
        yield f"depends on: {', '.join(manifest.dependencies.plugins) or 'no other plugin'}"


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
