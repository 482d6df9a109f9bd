"""What the user's settings say of providers: the section ``providers`` of ``config.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.errors import ConfigError
from localagent.manifest.plain import is_list, is_mapping
from localagent.plugins.secret import revealed
from localagent.services.secrets import Grant

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from localagent.services.secrets import Secrets
    from localagent.services.settings import Settings

SECTION = "providers"
DEFAULT = "default"
FALLBACK = "fallback"
"""Keys of the section that are no providers."""


class ProviderSettings:
    """Which providers the user wants, and the settings of each.

    Args:
        settings: the user's.
        secrets: gives what references to secrets stand for; called where there may be one.
    """

    def __init__(self, settings: Settings, secrets: Callable[[], Secrets]) -> None:
        self._settings = settings
        self._secrets = secrets

    def configured(self) -> tuple[str, ...]:
        """The providers that have settings, in the order of the file.

        Raises:
            ConfigError: the section is no mapping.
        """
        return tuple(name for name in self._section() if name not in (DEFAULT, FALLBACK))

    def chain(self) -> tuple[str, ...]:
        """The providers to ask, one after the other: the default, then the fallbacks; empty if none is set up.

        Where no default is named, the only one that has settings is it.

        Raises:
            ConfigError: one of the two is not what it should be.
        """
        section = self._section()
        default = section.get(DEFAULT)
        if default is None:
            default = next(iter(self.configured()), None) if len(self.configured()) == 1 else None
        elif not isinstance(default, str):
            raise self._refused(DEFAULT, "must be the name of a provider")
        fallback: Any = section.get(FALLBACK) or []
        if not is_list(fallback) or not all(isinstance(name, str) for name in fallback):
            raise self._refused(FALLBACK, "must be a list of names of providers")
        return tuple(dict.fromkeys([*([default] if default else []), *fallback]))

    def of(self, name: str, schema: Mapping[str, Any]) -> dict[str, Any]:
        """The settings of one provider as it gets them: checked, secrets looked up, as a fresh plain dict.

        The user wrote them for this provider by hand, so it may have every secret that they name.

        Raises:
            ConfigError: they do not fit `schema`, or a secret is not set.
            SystemProblem: the keyring cannot be asked.
        """
        reading = self._settings.read_section((SECTION, name), schema, plugin=name)
        try:
            reading.require(reading.findings())
        except ConfigError as error:
            error.fix = f"localagent providers setup {name} --set KEY=VALUE"
            raise
        found: dict[str, Any] = revealed(self._secrets().resolve(reading.layered.values, Grant(name, ("*",))))
        return found

    def _section(self) -> Mapping[str, Any]:
        section = self._settings.user.get(SECTION)
        if section is None:
            return {}
        if not is_mapping(section):
            raise self._refused("", "must map names of providers to their settings")
        return section

    def _refused(self, key: str, message: str) -> ConfigError:
        path = (SECTION, key) if key else (SECTION,)
        origin = self._settings.whole().origin_of(path)
        return ConfigError(
            f"'{'.'.join(path)}' {message}",
            file=origin.file,
            line=origin.line,
            column=origin.column,
            fix="correct the file; 'localagent config path' prints where it is",
        )
