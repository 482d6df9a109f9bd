"""Settings that are given on the command line."""

from __future__ import annotations

from typing import NamedTuple

from localagent.errors import UsageError


class Given(NamedTuple):
    """One setting of one plugin.

    Attributes:
        plugin: the plugin's name.
        path: the keys that lead to the setting.
        text: its value as it was written.
    """

    plugin: str
    path: tuple[str, ...]
    text: str

    @property
    def words(self) -> str:
        """The option that gives it, without the value."""
        return f"--set {'.'.join((self.plugin, *self.path))}"


def read_given(text: str) -> Given:
    """What ``NAME.KEY=VALUE`` gives; further dots in the key lead into mappings.

    Raises:
        UsageError: it has another form.
    """
    key, equals, value = text.partition("=")
    plugin, *path = key.split(".")
    if not equals or not path or not all((plugin, *path)):
        raise UsageError(f"'--set {text}' gives no setting", fix="write it as --set NAME.KEY=VALUE")
    return Given(plugin, tuple(path), value)
