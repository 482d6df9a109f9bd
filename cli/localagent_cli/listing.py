"""How plugins are listed and described: rows, JSON, and the lines that explain a broken one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.host.spec import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.host.survey import Survey, Surveyed

COLUMNS = ("name", "state", "kind", "version", "source")


def all_of(picture: Survey) -> Iterator[Surveyed]:
    """Every plugin that was found, those in another's shadow last."""
    yield from picture.plugins.values()
    yield from picture.shadowed


def row(plugin: Surveyed, *, timings: bool) -> list[str]:
    """One line of the table, in the order of `COLUMNS`."""
    spec, verdict = plugin.spec, plugin.verdict
    state = f"{verdict.state.value} ({verdict.step})" if verdict.step else verdict.state.value
    cells = [spec.name, state, spec.kind, spec.version, str(spec.source)]
    return [*cells, _milliseconds(plugin)] if timings else cells


def explanations(picture: Survey) -> Iterator[str]:
    """For each plugin that failed or is not trusted: where, why, and the way out."""
    for plugin in all_of(picture):
        verdict = plugin.verdict
        if verdict.state in (State.FAILED, State.UNTRUSTED, State.SHADOWED):
            place = verdict.where or plugin.name
            yield (
                f"{verdict.state.value} {plugin.name}: {place}: {verdict.reason}"
                if verdict.where
                else (f"{verdict.state.value} {plugin.name}: {verdict.reason}")
            )
            if verdict.fix:
                yield f"  fix: {verdict.fix}"
    for conflict in picture.commands().conflicts:
        yield f"shadowed command {conflict.loser}:{conflict.name}: '{conflict.name}' belongs to {conflict.winner}"
    for unreadable in picture.unreadable:
        place = f"{unreadable.file}:{unreadable.line}" if unreadable.line else str(unreadable.file)
        yield f"unreadable distribution: {place}: {unreadable.reason}"


def to_dict(plugin: Surveyed) -> dict[str, Any]:
    """A plugin as JSON values."""
    spec, verdict, record = plugin.spec, plugin.verdict, plugin.record
    return {
        "name": spec.name,
        "state": verdict.state.value,
        "kind": spec.kind,
        "version": spec.version,
        "description": spec.description,
        "source": {
            "kind": spec.source.kind.value,
            "path": str(spec.source.root),
            "distribution": spec.source.distribution or None,
            "editable": spec.source.editable,
        },
        "step": verdict.step or None,
        "reason": verdict.reason or None,
        "where": verdict.where or None,
        "fix": verdict.fix or None,
        "commands": [{"name": command.name, "help": command.help} for command in plugin.commands],
        "requires": list(spec.requires),
        "permissions": list(spec.permissions),
        "manifest": str(spec.manifest_file) if spec.manifest_file else None,
        "import_ms": round(record.seconds * 1000, 1) if record and record.seconds else None,
    }


def chain(plugin: Surveyed) -> Iterator[str]:
    """Why a plugin is or is not loaded, step by step."""
    spec, verdict = plugin.spec, plugin.verdict
    yield f"found      {spec.source.kind.value}: {spec.source}"
    yield f"manifest   {spec.manifest_file or 'none: what it declares is learned by running it once'}"
    yield "trusted    yes" if spec.source.trusted else f"trusted    NO: {verdict.reason}"
    if verdict.state is State.ENABLED:
        learned = "known" if plugin.record else "not yet: declared commands are used"
        yield f"enabled    yes\npreflight  {learned}\nloaded     when one of its commands is called"
    else:
        yield f"{verdict.state.value:<10} {verdict.reason}"
        if verdict.where:
            yield f"           at {verdict.where}"
        if verdict.fix:
            yield f"fix        {verdict.fix}"


def _milliseconds(plugin: Surveyed) -> str:
    return f"{plugin.record.seconds * 1000:.0f} ms" if plugin.record and plugin.record.seconds else "not measured"
