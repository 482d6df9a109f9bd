"""What a plugin says it was made from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError, UsageError
from localagent.manifest.plain import is_mapping

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

ANSWERS_FILE = ".copier-answers.yml"
SOURCE = "localagent-templates"
"""Stands for LocalAgent's template in an answers file, whatever machine the plugin was made on."""


@dataclass(frozen=True, slots=True)
class Origin:
    """The template and the answers that a plugin was made with.

    Attributes:
        version: of the template.
        answers: by question; those that the template derives from others are not among them.
    """

    version: str
    answers: Mapping[str, Any]


def read_origin(folder: Path) -> Origin:
    """What the plugin in `folder` was made from.

    Raises:
        UsageError: there is no plugin, or it was not made from LocalAgent's template.
        ConfigError: its answers file cannot be read.
    """
    file = folder / ANSWERS_FILE
    if not folder.is_dir():
        raise UsageError("there is no such folder", file=folder, fix="localagent dev update PATH")
    if not file.is_file():
        raise UsageError(
            f"{folder} has no {ANSWERS_FILE}, so it cannot be told what it was made from",
            file=folder,
            fix="only plugins that dev create-plugin made can be updated; name the folder of one",
        )
    said = _read(file)
    source, version = said.get("_src_path"), said.get("_commit")
    if source != SOURCE:
        raise UsageError(f"the plugin was made from another template, {source!r}", file=file, fix="copier update")
    if not isinstance(version, str):
        raise ConfigError("_commit is not the version of a template", file=file, fix=f"git checkout -- {file}")
    return Origin(version, {question: answer for question, answer in said.items() if not question.startswith("_")})


def check_version(origin: Origin, *, newest: str, released: Sequence[str], file: Path) -> None:
    """Refuse a version that this LocalAgent's templates cannot be merged with.

    Raises:
        UsageError: it is newer than all of them, or was never released.
    """
    from packaging.version import InvalidVersion, Version

    version = origin.version
    if version in released or version == newest:
        return
    try:
        is_newer = Version(version) > Version(newest)
    except InvalidVersion:
        is_newer = False
    if is_newer:
        raise UsageError(
            f"the plugin was made from the template of LocalAgent {version}, this LocalAgent has that of {newest}",
            file=file,
            fix=f"python -m pip install --upgrade 'localagent[dev]>={version}'",
        )
    raise UsageError(
        f"there never was a template {version!r}; there are {', '.join([*released, newest])}",
        file=file,
        fix="set _commit to the version of LocalAgent that made the plugin, or the next lower one of these",
    )


def _read(file: Path) -> dict[str, Any]:
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        yaml: Any = YAML(typ="safe", pure=True)
        said = yaml.load(file.read_text("utf-8"))
    except (YAMLError, UnicodeDecodeError) as problem:
        raise ConfigError("this is not YAML", file=file, fix=f"git checkout -- {file}") from problem
    if not is_mapping(said):
        raise ConfigError("these are not answers by question", file=file, fix=f"git checkout -- {file}")
    return said
