"""The short way from a command to the plugins it needs: what a survey found, kept until anything it rests on changes.

A shortcut is kept for a command that nobody else wants, in whatever state, so that no other plugin decides who owns it.
It is on the path of every command, so this module imports next to nothing.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, Any

from localagent.host import environments
from localagent.host.index import IndexFile
from localagent.host.spec import PluginSpec
from localagent.manifest.names import normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from localagent.host.commands import OwnedCommand
    from localagent.host.situation import Situation
    from localagent.host.survey import Survey


class Shortcut:
    """A command, its owner and what the owner needs; asked for anything else it answers as the whole picture does.

    Args:
        kept: what the index has.
        whole: makes the whole picture.

    Attributes:
        word: the word on the command line.
        owner: the plugin it belongs to.
        name: the command's own name.
    """

    def __init__(self, kept: Mapping[str, Any], whole: Callable[[], Survey]) -> None:
        self.word: str = kept["word"]
        self.owner: str = kept["owner"]
        self.name: str = kept["name"]
        self._specs = {spec.name: spec for spec in map(PluginSpec.from_row, kept["specs"])}
        self._topics: Mapping[str, list[str]] = kept["topics"]
        self._whole = whole

    def order_of(self, names: Iterable[str]) -> tuple[str, ...]:
        """As `Survey.order_of`."""
        wanted = tuple(names)
        return tuple(self._specs) if wanted == (self.owner,) else self._whole().order_of(wanted)

    def loadable(self, name: str) -> PluginSpec:
        """As `Survey.loadable`."""
        return self._specs.get(name) or self._whole().loadable(name)

    def spec_named(self, name: str) -> PluginSpec | None:
        """As `Survey.spec_named`."""
        found = next((spec for spec in self._specs.values() if normalised(spec.name) == name), None)
        return found or self._whole().spec_named(name)

    def topics_of(self, name: str) -> frozenset[str]:
        """As `Survey.topics_of`."""
        return frozenset(self._topics[name]) if name in self._specs else self._whole().topics_of(name)


def take(word: str, situation: Situation, whole: Callable[[], Survey]) -> Shortcut | None:
    """The shortcut that `word` means; None where none is kept, where it does not hold, or where this run sees less."""
    if _is_special(situation):
        return None
    kept = IndexFile(str(situation.home.path), str(situation.current), _part(word), situation.settings.environ).read()
    if kept is None or kept["word"] != word:
        return None
    environments.enter(situation.home.path)
    return Shortcut(kept, whole)


def keep(word: str, owned: OwnedCommand, picture: Survey, situation: Situation) -> None:
    """Keep the shortcut for a word that `picture` gave an owner, unless another plugin could come to own it."""
    from localagent.host.survey import keep_warm

    order = picture.order_of([owned.owner])
    if _is_special(situation) or not order or _is_disputed(word, owned, order, picture):
        return
    plugins = [picture.plugins[name] for name in order]
    content = {
        "word": word,
        "owner": owned.owner,
        "name": owned.name,
        "specs": [plugin.spec.to_row() for plugin in plugins],
        "topics": {plugin.name: sorted(plugin.topics) for plugin in plugins},
    }
    files = [file for plugin in plugins for file in (plugin.spec.module_file, plugin.spec.manifest_file) if file]
    keep_warm(picture, situation, {_part(word): content}, beside=map(str, files))


def _is_disputed(word: str, owned: OwnedCommand, order: Iterable[str], picture: Survey) -> bool:
    """Whether a plugin that is kept out now, or has lost a name, could change who is meant."""
    if any(plugin.name in order for plugin in picture.shadowed):
        return True
    others = (plugin for plugin in (*picture.plugins.values(), *picture.shadowed) if plugin.name != owned.owner)
    return any(command.name in (word, owned.name) for other in others for command in _seen_or_declared(other))


def _seen_or_declared(plugin: Any) -> Iterable[Any]:
    return (*plugin.spec.commands, *plugin.commands)


def _is_special(situation: Situation) -> bool:
    """Whether this run was asked for something else than most are."""
    return not situation.options.sees_all or situation.settings.problem is not None


def _part(word: str) -> str:
    return f"word-{zlib.crc32(word.encode(errors='surrogatepass')):08x}"
