"""How plugins are listed and described: rows, JSON, and the lines that explain a broken one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localagent.host.spec import State

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localagent.host.dependencies import Requirement
    from localagent.host.survey import Survey, Surveyed


def all_of(picture: Survey) -> Iterator[Surveyed]:
    """Every plugin that was found, those in another's shadow last."""
    yield from picture.plugins.values()
    yield from picture.shadowed


def contents(picture: Survey) -> dict[str, Any]:
    """All that ``plugins list`` shows, as JSON values: the plugins, and the lines that explain the broken ones.

    Beside them the providers, each ``[name, state]``, for completion.
    """
    return {
        "plugins": [to_dict(plugin) for plugin in all_of(picture)],
        "notes": list(explanations(picture)),
        "providers": [[name, plugin.verdict.state.value] for name, plugin in picture.providers().items()],
    }


def commands(picture: Survey) -> dict[str, Any]:
    """All that help, completion and did-you-mean need of plugins' commands, as JSON values.

    ``commands`` are names, help lines and owners, those that lost their name as ``plugin:command``; ``off`` are words
    that mean a plugin which cannot be called now.
    """
    table = picture.commands()
    lost = {(conflict.loser, conflict.name) for conflict in table.conflicts}
    rows = [[command.name, command.help, command.owner] for command in table.commands.values()]
    qualified = table.qualified.items()
    rows += [[word, owned.help, owned.owner] for word, owned in qualified if (owned.owner, owned.name) in lost]
    off = set[str]().union(*map(words_when_off, picture.plugins.values()))
    return {"commands": sorted(rows), "off": sorted(off)}


def words_when_off(plugin: Surveyed) -> set[str]:
    """Words that mean a plugin which cannot be called now: its commands, and its name if some may be unknown."""
    if plugin.enabled:
        return set()
    words = {command.name for command in plugin.commands}
    # What commands a plugin has that is broken, or never was enabled, nobody may have seen; mostly one has its name.
    is_broken = plugin.verdict.state in (State.FAILED, State.QUARANTINED)
    return words | {plugin.name} if is_broken or not words else words


def explanations(picture: Survey) -> Iterator[str]:
    """For each plugin that failed or is not trusted: where, why, and the way out."""
    for plugin in all_of(picture):
        verdict = plugin.verdict
        if verdict.state in (State.FAILED, State.QUARANTINED, State.UNTRUSTED, State.SHADOWED):
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


def details(plugin: Surveyed, picture: Survey) -> dict[str, Any]:
    """A plugin as JSON values, with what it needs, who needs it, and what its steps cost."""
    record = plugin.record
    return to_dict(plugin) | {
        "needs": [_need(requirement, picture) for requirement in plugin.requirements],
        "needed_by": sorted(_needed_by(plugin, picture)),
        "topics": sorted(plugin.topics),
        "offers": _offers(plugin),
        "costs": [
            {"step": cost.step, "ms": round(cost.seconds * 1000, 1), "memory_bytes": cost.memory}
            for cost in (record.costs if record else ())
        ],
    }


def chain(plugin: Surveyed, picture: Survey) -> Iterator[str]:
    """Why a plugin is or is not loaded, step by step, what it depends on included."""
    spec, verdict = plugin.spec, plugin.verdict
    yield f"found      {spec.source.kind.value}: {spec.source}"
    yield f"manifest   {spec.manifest_file or 'none: what it declares is learned by running it once'}"
    yield "trusted    yes" if spec.source.trusted else f"trusted    NO: {verdict.reason}"
    if plugin.is_wanted:
        yield "enabled    yes"
    for line in _needs(plugin, picture, ()):
        yield f"needs      {line}"
    for name in sorted(_needed_by(plugin, picture)):
        yield f"needed by  {name}"
    if verdict.state is not State.ENABLED:
        yield f"{verdict.state.value:<10} {verdict.reason}"
        if verdict.where:
            yield f"           at {verdict.where}"
        if verdict.fix:
            yield f"fix        {verdict.fix}"
        return
    yield from _learned(plugin)
    topics = "".join(f", or '{topic}' is broadcast" for topic in sorted(plugin.topics))
    yield f"loaded     when one of its commands is called, a message is sent to it, another plugin needs it{topics}"


def _offers(plugin: Surveyed) -> list[str]:
    """Names of what a preflight saw it offer beside commands."""
    record = plugin.record
    if record is None:
        return []
    return [*([plugin.name] if record.is_provider else []), *record.components, *record.parts]


def _learned(plugin: Surveyed) -> Iterator[str]:
    """What a preflight told, and what each step cost there."""
    record = plugin.record
    if record is None:
        yield "preflight  not yet: what it declares is used"
        return
    counts = {"command": len(plugin.commands), "offer": len(_offers(plugin)), "topic": len(plugin.topics)}
    yield "preflight  " + ", ".join(f"{count} {what}{'' if count == 1 else 's'}" for what, count in counts.items())
    for cost in record.costs:
        memory = f", {cost.memory / 1_000_000:.1f} MB" if cost.memory else ""
        yield f"           {cost.step}: {cost.seconds * 1000:.1f} ms{memory}"


def _needs(plugin: Surveyed, picture: Survey, above: tuple[str, ...]) -> Iterator[str]:
    """What a plugin depends on and how that stands, further dependencies indented below."""
    for requirement in plugin.requirements:
        found = picture.by_normalised_name(requirement.name)
        indent = "  " * len(above)
        if found is None:
            yield f"{indent}{requirement.text}: was not found (declared in {requirement.file})"
            continue
        verdict = found.verdict
        cause = f": {verdict.reason}" if verdict.reason and not found.is_wanted else ""
        version = f" {found.spec.version}" if found.spec.version else ""
        yield f"{indent}{requirement.text}:{version} {verdict.state.value}{cause} (declared in {requirement.file})"
        if found.name not in (*above, plugin.name):
            yield from _needs(found, picture, (*above, plugin.name))


def _need(requirement: Requirement, picture: Survey) -> dict[str, Any]:
    found = picture.by_normalised_name(requirement.name)
    return {
        "name": requirement.name,
        "range": requirement.range or None,
        "declared_in": requirement.file or None,
        "state": found.verdict.state.value if found else None,
        "version": found.spec.version if found else None,
    }


def _needed_by(plugin: Surveyed, picture: Survey) -> set[str]:
    return {name for name, needed in picture.resolution.needs.items() if plugin.name in needed}
