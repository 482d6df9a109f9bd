"""How many words texts have and which of them are the most frequent: a command, and an answer to other plugins."""

import asyncio
import json
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer
from localagent import CommunicatingPlugin, PersistentPlugin, PluginError, gather_bounded

WORD = re.compile(r"\w+(?:['\u2019-]\w+)*")
DAY = 24 * 60 * 60


def count(texts: Iterable[str]) -> Counter[str]:
    """How often each word is in `texts`, whatever its case."""
    return Counter(word.casefold() for text in texts for word in WORD.findall(text))


def state_of(file: Path) -> str:
    """A text that is another one as soon as `file` is changed."""
    facts = file.stat()
    return f"{file.resolve()} {facts.st_mtime_ns} {facts.st_size}"


class WordCounterPlugin(CommunicatingPlugin, PersistentPlugin):
    """Adds the command count-words, and answers requests of the form ``{"texts": ["...", ...]}``."""

    name = "word-counter"
    version = "1.0.0"
    description = "Counts words, for people and for other plugins"

    def register_commands(self, app: typer.Typer) -> None:
        """Add the command."""
        app.command("count-words")(self.count_words)

    async def process_request(self, data: Any) -> dict[str, Any]:
        """The answer to another plugin: ``{"words": 12, "frequent": {"milk": 2, ...}}``."""
        match data:
            case {"texts": texts} if all(isinstance(text, str) for text in texts):
                self.logger.info("counting for another plugin", texts=len(texts))
                return self.summary(count(texts))
        raise PluginError('expected {"texts": [...]} with nothing but texts', plugin=self.name)

    async def count_words(
        self,
        files: Annotated[list[Path], typer.Argument(help="Text files.", exists=True, dir_okay=False)],
        *,
        as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    ) -> None:
        """Count the words of files."""
        counting = gather_bounded(self.words_of, files, limit=8)
        counts = await self.execute_with_progress(counting, "Counting")
        summary = self.summary(sum(counts, Counter()))
        if as_json:
            typer.echo(json.dumps(summary, ensure_ascii=False))
            return
        frequent = ", ".join(f"{word} ({times})" for word, times in summary["frequent"].items())
        typer.echo(f"{summary['words']} words; most frequent: {frequent or 'none'}")

    async def words_of(self, file: Path) -> Counter[str]:
        """The words of one file, read only if it changed since it was counted last."""
        key = await asyncio.to_thread(state_of, file)
        known = self.get_cache(key)
        if known is None:
            text = await asyncio.to_thread(file.read_text, encoding="utf-8", errors="replace")
            known = count([text])
            self.set_cache(key, known, ttl=self.config["remember_days"] * DAY)
            self.logger.info("counted", file=str(file), words=known.total())
        return Counter(known)

    def summary(self, counted: Counter[str]) -> dict[str, Any]:
        """What is told of words, as the settings want it; ignored words count, but are never frequent ones."""
        ignored = {word.casefold() for word in self.config["ignored"]}
        ranked = sorted(counted.items(), key=lambda item: (-item[1], item[0]))
        frequent = [(word, times) for word, times in ranked if word not in ignored]
        return {"words": counted.total(), "frequent": dict(frequent[: self.config["shown"]])}
