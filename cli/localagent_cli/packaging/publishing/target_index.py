"""The package index that a release goes to: where it takes uploads, and which versions it has."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit, urlunsplit

from localagent.errors import MissingExtra, RefusedError, SystemProblem, UsageError
from localagent.manifest.names import normalised
from localagent.manifest.wording import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from packaging.version import Version

_SIMPLE_OF = {
    "upload.pypi.org": "https://pypi.org/simple/",
    "test.pypi.org": "https://test.pypi.org/simple/",
}
_SECONDS = 15.0
_ACCEPT = "application/vnd.pypi.simple.v1+json, text/html;q=0.5"
_ABSENT, _FAILED = 404, 400


@dataclass(frozen=True, slots=True)
class TargetIndex:
    """An index.

    Attributes:
        upload: the address that takes uploads, without a password.
        repository: its name in ``.pypirc``, by which twine finds credentials; empty for an address alone.
    """

    upload: str
    repository: str = ""

    @property
    def simple(self) -> str:
        """The address of its list of projects (PEP 503)."""
        parts = urlsplit(self.upload)
        known = _SIMPLE_OF.get(parts.hostname or "")
        if known:
            return known
        path = re.sub(r"(?:/+legacy)?/*$", "", parts.path)
        return urlunsplit(
            (parts.scheme, parts.netloc, f"{path}/simple/".replace("/simple/simple/", "/simple/"), "", "")
        )

    def __str__(self) -> str:
        return self.upload


def target_index(repository: str | None, address: str | None, environ: Mapping[str, str]) -> TargetIndex:
    """The index that the command line names, else twine's variables do; PyPI by default.

    Raises:
        MissingExtra: twine, which knows the names of repositories, is not installed.
        RefusedError: the address is on another machine, and not encrypted.
        UsageError: both or an unknown one are named, or the address has a password in it.
    """
    if repository and address:
        raise UsageError("--repository and --index name two indexes", fix="name one of them")
    if not repository and not address:
        repository, address = environ.get("TWINE_REPOSITORY", "pypi"), environ.get("TWINE_REPOSITORY_URL")
    if address:
        return TargetIndex(_checked(address))
    known, name = _repositories(), repository or "pypi"
    if name not in known:
        raise UsageError(
            f"there is no repository '{name}' in .pypirc",
            fix=did_you_mean(name, known) or f"one of: {', '.join(sorted(known))}; or --index URL",
        )
    return TargetIndex(_checked(known[name]), name)


def versions_of(name: str, index: TargetIndex) -> set[Version]:
    """The versions of a project on the index; none where it has no such project.

    Raises:
        SystemProblem: the index does not answer, or with something else than a list of files.
    """
    import httpx2

    address = f"{index.simple}{normalised(name)}/"
    try:
        answer = httpx2.get(address, headers={"Accept": _ACCEPT}, timeout=_SECONDS, follow_redirects=True)
    except httpx2.HTTPError as error:
        raise SystemProblem(f"{index.simple} does not answer: {error}", fix="check the network") from error
    if any(step.url.scheme == "https" for step in answer.history) and answer.url.scheme == "http":
        raise SystemProblem(f"{index.simple} leads to an address without encryption: {answer.url}")
    if answer.status_code == _ABSENT:
        return set()
    if answer.status_code >= _FAILED:
        raise SystemProblem(f"{address} answers {answer.status_code}", fix="check the address of the index")
    if "json" in answer.headers.get("content-type", ""):
        try:
            return _versions(name, [str(file["filename"]) for file in answer.json()["files"]])
        except (ValueError, KeyError, TypeError) as error:
            raise SystemProblem(f"{address} gives no list of files", fix="check the address of the index") from error
    page = _Links()
    page.feed(answer.text)
    return _versions(name, page.files)


class _Links(HTMLParser):
    """The names of the files that a page links to."""

    def __init__(self) -> None:
        super().__init__()
        self.files: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Keep the target of a link."""
        target = dict(attrs).get("href") if tag == "a" else None
        if target:
            self.files.append(unquote(urlsplit(target).path).rpartition("/")[2])


def _versions(name: str, files: Iterable[str]) -> set[Version]:
    from packaging.utils import (
        InvalidSdistFilename,
        InvalidWheelFilename,
        parse_sdist_filename,
        parse_wheel_filename,
    )

    found: set[Version] = set()
    for file in files:
        parse = parse_wheel_filename if file.endswith(".whl") else parse_sdist_filename
        try:
            project, version, *_ = parse(file)
        except (InvalidSdistFilename, InvalidWheelFilename):
            continue
        if project == normalised(name):
            found.add(version)
    return found


def _repositories() -> dict[str, str]:
    """The addresses of the repositories that twine knows, by name."""
    try:
        from twine.utils import DEFAULT_CONFIG_FILE, get_config
    except ImportError as error:
        raise MissingExtra("dev", needed_for="dev publish") from error
    found = get_config(DEFAULT_CONFIG_FILE)
    return {name: table["repository"] or "" for name, table in found.items() if table.get("repository")}


def _checked(address: str) -> str:
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise UsageError(f"'{address}' is no address of an index", fix="--index https://HOST/PATH")
    if parts.username or parts.password:
        raise UsageError(
            "the address of the index has a user or a password in it",
            fix="leave it out; set TWINE_USERNAME and TWINE_PASSWORD, or use the keyring or .pypirc",
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise RefusedError(
            f"{address} would get the password and the archives without encryption",
            fix=f"use {urlunsplit(parts._replace(scheme='https'))}",
        )
    return address


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
