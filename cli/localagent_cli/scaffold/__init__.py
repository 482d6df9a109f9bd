"""New plugins, made from the template."""

from localagent_cli.scaffold.create import CreatedPlugin, create_plugin
from localagent_cli.scaffold.target import would_replace

__all__ = ["CreatedPlugin", "create_plugin", "would_replace"]
