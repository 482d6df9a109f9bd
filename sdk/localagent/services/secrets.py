"""References to secrets in settings, and the values behind them, looked up when a plugin is handed its settings."""

from __future__ import annotations

import os
import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, NamedTuple

from localagent.errors import ConfigError, MissingExtra, RefusedError, SystemProblem
from localagent.manifest.plain import is_list, is_mapping
from localagent.plugins.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localagent.services.redacting import Redactor

SERVICE = "localagent"
"""The service under which the system's keyring is asked."""
# Compiled, and kept by the library, when first used: most settings have no reference.
_REFERENCE = r"(\$?)\$\{(env|keyring):([^{}]*)\}"
_NAME = r"[A-Za-z_][\w.-]*"


class Grant(NamedTuple):
    """Which secrets one plugin may have.

    Attributes:
        plugin: its name.
        names: what its manifest declares under ``permissions.env``: names or patterns such as ``MY_*``.
        warn: given a sentence where a name is not declared, which is then allowed; None refuses it.
    """

    plugin: str
    names: tuple[str, ...] = ()
    warn: Callable[[str], object] | None = None

    def check(self, name: str) -> None:
        """Refuse a name that was not declared.

        Raises:
            RefusedError: it was not, and plugins are not being developed here.
        """
        if any(fnmatchcase(name, pattern) for pattern in self.names):
            return
        message = f"the settings of '{self.plugin}' name the secret {name}, which its manifest does not declare"
        if self.warn is None:
            fix = f"its author: add {name} to permissions.env in plugin-manifest.yaml"
            raise RefusedError(message, plugin=self.plugin, fix=fix)
        self.warn(message)


def from_keyring(name: str) -> str | None:
    """The password that the system's keyring has for `name` under the service ``localagent``; None if it has none.

    Raises:
        MissingExtra: the extra 'keyring' is not installed.
        SystemProblem: the machine has no keyring, or it is locked.
    """
    try:
        import keyring
        from keyring.errors import KeyringError
    except ModuleNotFoundError:
        raise MissingExtra("keyring", needed_for=f"the reference ${{keyring:{name}}}") from None
    try:
        found: str | None = keyring.get_password(SERVICE, name)
    except KeyringError as error:
        raise SystemProblem(
            f"the keyring cannot be asked for {name}: {error}", fix=f"export {name} and refer to it as ${{env:{name}}}"
        ) from error
    return found


class Secrets:
    """Looks up what references name, and lets every value be masked from then on.

    Attributes:
        redactor: told each value.
        environ: where ``${env:NAME}`` is looked up.
        keyring: where ``${keyring:NAME}`` is looked up.
    """

    def __init__(
        self,
        redactor: Redactor,
        environ: Mapping[str, str] | None = None,
        keyring: Callable[[str], str | None] = from_keyring,
    ) -> None:
        self.redactor = redactor
        self.environ = os.environ if environ is None else environ
        self.keyring = keyring

    def resolve(self, settings: Mapping[str, Any], grant: Grant) -> dict[str, Any]:
        """Settings with a `Secret` for each text that has a reference in it; ``$${env:NAME}`` is no reference.

        Raises:
            ConfigError: a name is not set, is no name, or names refer to each other in a circle; it has the chain.
            RefusedError: the plugin did not declare a name.
            SystemProblem: the keyring cannot be asked.
        """
        return {key: self._resolved(value, grant, (key,)) for key, value in settings.items()}

    def _resolved(self, value: Any, grant: Grant, chain: tuple[str, ...]) -> Any:
        if isinstance(value, str):
            return self._text(value, grant, chain) if "${" in value else value
        if is_mapping(value):
            return {key: self._resolved(item, grant, (f"{chain[0]}.{key}",)) for key, item in value.items()}
        if is_list(value):
            return [self._resolved(item, grant, (f"{chain[0]}[{number}]",)) for number, item in enumerate(value)]
        return value

    def _text(self, text: str, grant: Grant, chain: tuple[str, ...]) -> Secret | str:
        if not any(match[1] == "" for match in re.finditer(_REFERENCE, text)):
            return _unescaped(text)
        value = self._replaced(text, grant, chain)
        self.redactor.add(value)
        return Secret(value)

    def _replaced(self, text: str, grant: Grant, chain: tuple[str, ...]) -> str:
        return re.sub(_REFERENCE, lambda match: match[0][1:] if match[1] else self._value(match, grant, chain), text)

    def _value(self, match: re.Match[str], grant: Grant, chain: tuple[str, ...]) -> str:
        _, source, name = match.groups()
        reference = match[0]
        way = " -> ".join((*chain, reference))
        if not re.fullmatch(_NAME, name):
            raise ConfigError(f"{way}: '{name}' is no name", plugin=grant.plugin, fix=f"write ${{{source}:NAME}}")
        if reference in chain:
            fix = f"let {name} be a value"
            raise ConfigError(f"{way}: these refer to each other in a circle", plugin=grant.plugin, fix=fix)
        grant.check(name)
        value = self.environ.get(name) if source == "env" else self.keyring(name)
        if value is None:
            fix = f"export {name}=..." if source == "env" else f"keyring set {SERVICE} {name}"
            raise ConfigError(f"{way}: {name} is not set", plugin=grant.plugin, fix=fix)
        if not re.fullmatch(_REFERENCE, value):
            # What only refers on is no secret, and a chain of names in a message has to be readable.
            self.redactor.add(value)
        return self._replaced(value, grant, (*chain, reference))


def references(settings: Any) -> list[str]:
    """The names that references in nested settings use, in the order they are written."""
    if isinstance(settings, str):
        return [match[3] for match in re.finditer(_REFERENCE, settings) if not match[1]]
    if is_mapping(settings):
        return [name for value in settings.values() for name in references(value)]
    if is_list(settings):
        return [name for value in settings for name in references(value)]
    return []


def _unescaped(text: str) -> str:
    return re.sub(_REFERENCE, lambda match: match[0][1:], text)
