"""Rules LA119 to LA127: what the manifest tells people, catalogues and the host is said as each of them takes it."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from localagent.diagnostics.diagnostic import Severity
from localagent.diagnostics.edits import replacing
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.model import MANIFEST_NAMES
from localagent.manifest.plain import is_list
from localagent.manifest.wording import did_you_mean, nearest, shown

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.diagnostics.project import Project

_LONGEST_DESCRIPTION = 200
_MOST_TAGS = 10
_ADDRESSES = (("homepage",), ("documentation", "docs_url"))
_HOST = re.compile(r"(?:\*\.)?[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::\d{1,5})?|\*|\[[0-9A-Fa-f:]+\](?::\d{1,5})?")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\*?")
_TAG = re.compile(r"[a-z0-9]+(?:[-.+][a-z0-9]+)*")


def bad_licences(project: Project) -> Iterator[Finding]:
    """A licence that is no SPDX expression."""
    from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

    licence = project.text("license")
    if not licence:
        return
    try:
        canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        message = f"'{shown(licence)}' is not a licence as SPDX names them"
        fix = "write its SPDX identifier, such as MIT or Apache-2.0; LicenseRef-Proprietary where there is none"
        edit = replacing(licence, nearest(licence, _COMMON))
        yield Finding(message, project.where("license"), fix, hint=did_you_mean(licence, _COMMON), edit=edit)


_COMMON = (
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "GPL-3.0-or-later",
    "ISC",
    "LGPL-3.0-or-later",
    "MIT",
    "MPL-2.0",
)


def bad_addresses(project: Project) -> Iterator[Finding]:
    """Addresses that no browser opens."""
    for path in _ADDRESSES:
        address = project.text(*path)
        if address and not _is_address(address):
            message, full = f"'{shown(address)}' is not an address", f"https://{address}"
            edit = replacing(address, full if "." in address and ":" not in address and _is_address(full) else "")
            yield Finding(message, project.where(*path), "write it with https:// in front", edit=edit)


def bad_permissions(project: Project) -> Iterator[Finding]:
    """Hosts and variables that cannot be any."""
    for key, pattern, wanted in (
        ("network", _HOST, "a host, such as api.example.org, without https:// and path; * stands for any"),
        ("env", _VARIABLE, "a variable's name, such as GITHUB_TOKEN"),
    ):
        value = project.value("permissions", key)
        named = project.texts("permissions", key) if is_list(value) else [(("permissions", key), value)]
        for path, text in named:
            if isinstance(text, str) and not pattern.fullmatch(text):
                message = f"'{shown(text)}' cannot be what permissions.{key} names"
                host = urlsplit(text).netloc if key == "network" and "://" in text else ""
                edit = replacing(text, host if pattern.fullmatch(host) else "")
                yield Finding(message, project.where(*path), f"write {wanted}", edit=edit)


def bad_topics(project: Project) -> Iterator[Finding]:
    """Topics that no message has."""
    for entry in project.entries():
        for path, topic in project.texts(*entry.path, "activation"):
            if "" in topic.split(".") or "*" in topic or any(character.isspace() for character in topic):
                message = f"'{shown(topic)}' is not a topic that a message can have"
                yield Finding(message, project.where(*path), "write words joined by dots, such as weather.rain")


def long_descriptions(project: Project) -> Iterator[Finding]:
    """Descriptions that are no line of a table."""
    description = project.text("description")
    if "\n" in description.strip() or len(description) > _LONGEST_DESCRIPTION:
        message = f"the description is not one line of at most {_LONGEST_DESCRIPTION} characters"
        yield Finding(message, project.where("description"), "say it in one sentence; the rest belongs into the README")


def commands_without_help(project: Project) -> Iterator[Finding]:
    """Declared commands that help has nothing to say about."""
    for entry in project.entries():
        for index in range(len(project.items(*entry.path, "commands"))):
            path = (*entry.path, "commands", index)
            name = project.text(*path, "name")
            if name and not project.text(*path, "help").strip():
                message = f"the command '{shown(name)}' has no help"
                yield Finding(message, project.where(*path, "name"), "add help: and what the command does")


def unsigned(project: Project) -> Iterator[Finding]:
    """Manifests that do not say whose the plugin is, or what may be done with it."""
    for key, example in (("author", "Your Name"), ("license", "MIT")):
        if project.value(key) is None:
            yield Finding(f"there is no '{key}'", project.where(), f"add, for example, {key}: {example}")


def bad_tags(project: Project) -> Iterator[Finding]:
    """Tags that nobody would search for."""
    if project.value("tags") is None:
        yield Finding("there are no tags", project.where(), "add, for example, tags: [analysis]")
    if len(project.items("tags")) > _MOST_TAGS:
        yield Finding(f"there are more than {_MOST_TAGS} tags", project.where("tags"), "keep those that tell most")
    for path, tag in project.texts("tags"):
        if not _TAG.fullmatch(tag):
            message = f"'{shown(tag)}' is not a tag"
            yield Finding(message, project.where(*path), "write lower-case words joined by hyphens")


def other_file_names(project: Project) -> Iterator[Finding]:
    """Manifests under one of the other names that are understood."""
    usual = MANIFEST_NAMES[0]
    if project.manifest_file.name != usual:
        message = f"the manifest is found as {shown(project.manifest_file.name)}, but usually called {usual}"
        yield Finding(message, project.where(), f"rename it to {usual}")


def _is_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not any(map(str.isspace, text))


RULES = (
    Rule(
        "LA119",
        "The licence is an SPDX expression",
        bad_licences,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="Installers, catalogues and companies read it by program.",
        bad="license: Apache 2\n",
        good="license: Apache-2.0\n",
    ),
    Rule(
        "LA120",
        "Addresses can be opened",
        bad_addresses,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="An address without https:// is a word to every program that shows it.",
        bad="homepage: example.org/my-plugin\n",
        good="homepage: https://example.org/my-plugin\n",
    ),
    Rule(
        "LA121",
        "Permissions name hosts and variables",
        bad_permissions,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation=(
            "They are shown before a plugin is enabled, and an audit compares them with what the plugin does: by host "
            "and by name."
        ),
        bad="permissions: {network: ['https://api.example.org/v1']}\n",
        good="permissions: {network: [api.example.org]}\n",
    ),
    Rule(
        "LA122",
        "Activation names topics",
        bad_topics,
        tier=Tier.BRONZE,
        explanation="A plugin is loaded before the first message of exactly that topic; a pattern matches none.",
        bad='activation: ["weather.*"]\n',
        good="activation: [weather.rain]\n",
    ),
    Rule(
        "LA123",
        "The description is one line",
        long_descriptions,
        tier=Tier.GOLD,
        severity=Severity.NOTE,
        explanation="It stands in lists, in catalogues and beside a command's name.",
        bad="description: |\n  What it does\n  and how\n",
        good="description: What it does\n",
    ),
    Rule(
        "LA124",
        "Declared commands have help",
        commands_without_help,
        tier=Tier.SILVER,
        severity=Severity.WARNING,
        explanation="Help and completion show it without importing the plugin.",
        bad="commands: [{name: greet}]\n",
        good="commands: [{name: greet, help: Say hello.}]\n",
    ),
    Rule(
        "LA125",
        "Author and licence are told",
        unsigned,
        tier=Tier.GOLD,
        severity=Severity.NOTE,
        explanation="Who installs a plugin wants to know whose it is and what may be done with it.",
        bad="name: my-plugin\n",
        good="name: my-plugin\nauthor: Ada Lovelace\nlicense: MIT\n",
    ),
    Rule(
        "LA126",
        "Tags say what a plugin is about",
        bad_tags,
        tier=Tier.GOLD,
        severity=Severity.NOTE,
        explanation="Catalogues are searched by them.",
        bad="tags: [My Plugin]\n",
        good="tags: [analysis]\n",
    ),
    Rule(
        "LA127",
        "The manifest has its usual name",
        other_file_names,
        tier=Tier.SILVER,
        severity=Severity.NOTE,
        explanation="Editors and tools map the schema by the file's name; the other names are understood all the same.",
        bad="plugin.yaml\n",
        good="plugin-manifest.yaml\n",
    ),
)
