"""The list of plugins as it is printed, from the rows that the index keeps; it needs neither Typer nor a survey."""

from __future__ import annotations

from localagent_cli import output, warm

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from localagent_cli.streams import Answer

_COLUMNS = ("name", "state", "kind", "version", "source")


def kept_list(words: Sequence[str], environ: Mapping[str, str]) -> Answer | None:
    """The answer to ``plugins list`` from the index; None for other words, or where the index does not hold."""
    options = _options(words)
    contents = None if options is None else warm.read(warm.PLUGINS, environ)
    if options is None or contents is None:
        return None
    return answer(contents, as_json="--json" in options, timings="--timings" in options)


def answer(contents: Mapping[str, Any], *, as_json: bool, timings: bool) -> Answer:
    """What is printed of the contents that `listing.contents` gives: the data, and the lines beside them."""
    plugins = contents["plugins"]
    if as_json:
        return output.json_text(plugins), [], 0
    if not plugins:
        fix = "fix: localagent dev create-plugin my-plugin command   (makes one)"
        return None, ["no plugin was found", fix], 0
    columns = [*_COLUMNS, *(["import"] if timings else [])]
    return output.table_text(columns, [_row(each, timings=timings) for each in plugins]), contents["notes"], 0


def _options(words: Sequence[str]) -> frozenset[str] | None:
    """The options of a line that asks for the list in one of its two spellings; None if it does not, or asks more."""
    match words:
        case ["plugins", "list", *options] if {"--json", "--timings"}.issuperset(options):
            return frozenset(options)
        case ["plugins", *options] if "--list" in options and {"--json", "--list"}.issuperset(options):
            return frozenset(options)
        case _:
            return None


def _row(plugin: Mapping[str, Any], *, timings: bool) -> list[str]:
    state, step, source = plugin["state"], plugin["step"], plugin["source"]
    where = source["distribution"] or source["path"]
    cells = [
        plugin["name"],
        f"{state} ({step})" if step else state,
        plugin["kind"],
        plugin["version"],
        f"{where} ({source['path']})" if source["distribution"] and source["editable"] else where,
    ]
    return [*cells, _milliseconds(plugin["import_ms"])] if timings else cells


def _milliseconds(cost: float | None) -> str:
    return "not measured" if cost is None else f"{cost:.0f} ms"
