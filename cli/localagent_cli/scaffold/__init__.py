"""New plugins, made from the template."""

from localagent_cli.scaffold.add import AddedPlugin, add_plugin
from localagent_cli.scaffold.answers import read_answers
from localagent_cli.scaffold.create import CreatedPlugin, create_plugin
from localagent_cli.scaffold.own_template import find_template
from localagent_cli.scaffold.target import would_replace

__all__ = [
    "AddedPlugin",
    "CreatedPlugin",
    "add_plugin",
    "create_plugin",
    "find_template",
    "read_answers",
    "would_replace",
]
