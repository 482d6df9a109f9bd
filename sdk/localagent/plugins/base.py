"""The contract every plugin fulfils."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from localagent.plugins.context import PluginContext


class Plugin:
    """One class with a name; everything else has a default.

    `name`, `version`, `description`, `dependencies` and `requires_config` may be plain class attributes or
    properties. The host sets `context`, `config`, `console`, `logger`, `message_bus` and `data_dir` before it calls
    `initialize`; all of them may be assigned anew, and nothing relies on `Plugin.__init__` having run.

    Attributes:
        name: the plugin's name, equal to its entry point's.
        version: a PEP 440 version; empty means the one of the manifest or distribution.
        description: one line for lists.
        dependencies: names of plugins that must be ready first.
        requires_config: True if the plugin cannot work before its required settings are set.
        context: what the host gives; None until the host prepared the plugin.
        config: the plugin's merged settings as a plain dict.
        console: a `rich.console.Console` on standard output.
        logger: a standard library logger named after the plugin.
        message_bus: the host's message bus.
        data_dir: folder for the plugin's own files; created by the host.
        cache: free for the plugin.
    """

    name: Any = ""
    version: Any = ""
    description: Any = ""
    dependencies: Any = ()
    requires_config: Any = False

    context: Any = None
    config: Any = None
    console: Any = None
    logger: Any = None
    message_bus: Any = None
    data_dir: Any = None
    cache: Any = None

    async def initialize(self, context: PluginContext) -> bool:
        """Get ready to work; False or an exception means "not ready" and is shown with its reason."""
        return True

    async def cleanup(self) -> None:
        """Give back what `initialize` took; called exactly once for every `initialize` that was entered."""

    def get_config_schema(self) -> dict[str, Any] | None:
        """The JSON Schema of the plugin's settings, or None if it has none.

        By default the manifest's ``configuration.schema_file``, else a ``config_schema.json`` beside the module.

        Raises:
            ConfigError: the schema file is not a JSON object.
        """
        from localagent.plugins.config_schema import read_schema_beside

        return read_schema_beside(type(self).__module__)

    def get_default_config(self) -> dict[str, Any]:
        """The defaults that the schema gives, nested objects included."""
        from localagent.plugins.config_schema import defaults_of

        return defaults_of(self.get_config_schema() or {})

    def load_env_config(self) -> dict[str, Any]:
        """Settings from the environment: ``LOCALAGENT_<PLUGIN>_<KEY>``, converted by the schema.

        Raises:
            ConfigError: a value does not fit its property; names the variable and the expected form.
        """
        import os

        from localagent.plugins.config_schema import properties_of
        from localagent.plugins.environment import environment_settings

        declared = properties_of(self.get_config_schema() or {})
        return environment_settings(self.name, os.environ, convert=self.convert_env_value, declared=declared)

    def convert_env_value(self, key: str, value: str) -> Any:
        """One environment value as the schema's property `key` wants it.

        Raises:
            ConfigError: the value does not fit the property.
        """
        from localagent.plugins.config_schema import properties_of
        from localagent.plugins.environment import convert_value

        schema = self.get_config_schema() or {}
        return convert_value(value, properties_of(schema).get(key), subject=f"the setting '{key}'", schema=schema)

    def load_plugin_config(self) -> dict[str, Any]:
        """The plugin's merged settings: schema defaults, then files, then environment, as a fresh dict.

        Works against any context whose ``config`` has a ``plugins`` mapping, as small test contexts do. The host's own
        settings hold the environment already: it alone knows which variable belongs to a plugin with a longer name.
        """
        from localagent.plugins.config_schema import merge

        config = getattr(self.context, "config", None)
        plugins: Mapping[str, Any] = getattr(config, "plugins", {})
        merged = merge(self.get_default_config(), plugins.get(self.name, {}).get("config", {}))
        # Only True counts, since a test's mock has any attribute.
        return merged if getattr(config, "has_environment", None) is True else merge(merged, self.load_env_config())

    async def validate_config(self) -> bool:
        """Whether `config` (or, if never set, what `load_plugin_config` gives) fits the schema.

        What does not fit is logged as a warning, one line a finding.
        """
        from localagent.plugins.config_schema import schema_violations
        from localagent.plugins.secret import revealed

        settings = self.load_plugin_config() if self.config is None else self.config
        violations = schema_violations(revealed(settings), self.get_config_schema() or {})
        for violation in violations:
            if self.logger is not None:
                self.logger.warning("settings of %s: %s", self.name, violation)
        return not violations
