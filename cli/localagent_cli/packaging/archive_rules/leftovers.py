"""Rules LA515 and LA516: no secret and no unfinished text is handed out."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.manifest.wording import shown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent_cli.packaging.archive import Archive

_SECRET_FILES = re.compile(r"(?:^|/)(?:\.env|\.netrc|\.pypirc|\.npmrc|id_(?:rsa|dsa|ecdsa|ed25519)|credentials\.json)$")
_SECRETS = {
    "a private key": re.compile(rb"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----\s+[A-Za-z0-9+/]{16}"),
    "a token of PyPI": re.compile(rb"pypi-AgE[A-Za-z0-9_-]{16,}"),
    "a token of GitHub": re.compile(rb"\b(?:gh[pousr]_[A-Za-z0-9]{36}|github_pat_[A-Za-z0-9_]{40,})"),
    "a token of GitLab": re.compile(rb"\bglpat-[A-Za-z0-9_-]{20}"),
    "a key of AWS": re.compile(rb"\bAKIA[0-9A-Z]{16}\b"),
    "a key of Google": re.compile(rb"\bAIza[A-Za-z0-9_-]{35}\b"),
    "a token of Slack": re.compile(rb"\bxox[abprs]-[A-Za-z0-9-]{20,}"),
    "a key of OpenAI": re.compile(rb"\bsk-(?:proj-|svcacct-)?[A-Za-z0-9_-]{32,}"),
    "a key of Anthropic": re.compile(rb"\bsk-ant-[A-Za-z0-9_-]{32,}"),
}
_DUMMY = re.compile(rb"(?i)example|dummy|fake|test|xxxx|0{8}|1234567")
_UNFINISHED = {
    "the mark of a merge conflict": re.compile(rb"^(?:<{7} |>{7} )", re.MULTILINE),
    "a place for a value of the template": re.compile(rb"\{\{ ?cookiecutter\.|\[\[ ?cookiecutter\."),
}
_PLACEHOLDERS = {
    "a place for a value of the template": re.compile(rb"\{\{.{0,80}?\}\}|\{%.{0,80}?%\}"),
    "the name of nobody": re.compile(rb"(?i)\byour[ _-]?name\b|\byour[ _-]?username\b"),
    "the address of nobody": re.compile(rb"(?i)\b(?:your|you|author)[\w.]*@example\.(?:com|org)|your\.email@"),
}
_CODE = (".py", ".toml", ".yaml", ".yml", ".json", ".cfg", ".ini", ".md", ".rst", ".txt")


def secrets(archive: Archive) -> Iterator[Finding]:
    """Keys and tokens; the finding tells where one is, never what it is."""
    fix = "take it out, and have it replaced by a new one: whoever has seen it can use it"
    for path in sorted(archive.paths):
        if _SECRET_FILES.search(path):
            yield Finding(f"'{shown(path)}' is a file for secrets", archive.at(path), fix)
    for path, data in sorted(archive.texts.items()):
        if not _SECRET_FILES.search(path):
            for what, pattern in _SECRETS.items():
                found = next((each for each in pattern.finditer(data) if not _DUMMY.search(each.group())), None)
                if found:
                    line = _line(data, found)
                    yield Finding(f"'{shown(path)}' has {what} in line {line}", archive.at(path, line), fix)
                    break


def unfinished_texts(archive: Archive) -> Iterator[Finding]:
    """Marks that a merge left, and places of a template that nobody filled."""
    announced = (archive.metadata_path, archive.manifest_path)
    for path, data in sorted(archive.texts.items()):
        patterns = {**_UNFINISHED, **(_PLACEHOLDERS if path in announced else {})}
        head = _without_description(data) if path == archive.metadata_path else data
        for what, pattern in patterns.items():
            found = pattern.search(head) if path in announced or path.endswith(_CODE) else None
            if found:
                line = _line(data, found)
                message = f"'{shown(path)}' has {what} in line {line}"
                yield Finding(message, archive.at(path, line), "write what belongs there, and build again")


def _line(data: bytes, found: re.Match[bytes]) -> int:
    return data.count(b"\n", 0, found.start()) + 1


def _without_description(metadata: bytes) -> bytes:
    """The headers alone: a readme may well show a template."""
    return re.split(rb"\r?\n\r?\n", metadata, maxsplit=1)[0]


RULES = (
    Rule(
        "LA515",
        "No secret is packed",
        secrets,
        tier=Tier.BRONZE,
        explanation="What was published once stays with those who fetched it, also after it is removed.",
        bad="my_plugin/.env\n",
        good="api_key: ${env:MY_KEY}\n",
    ),
    Rule(
        "LA516",
        "No unfinished text is packed",
        unfinished_texts,
        tier=Tier.BRONZE,
        explanation=(
            "Marks of a merge conflict, places of a template that nobody filled in manifest and metadata, and names "
            "that stand for nobody."
        ),
        bad="author: Your Name\n",
        good="author: Ada Lovelace\n",
    ),
)
