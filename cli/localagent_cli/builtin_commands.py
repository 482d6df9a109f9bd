"""The host's own commands: one table that help, dispatch and completion read."""

from __future__ import annotations

BUILTINS: dict[str, tuple[str, str]] = {
    "plugins": ("List, inspect, install, enable and test plugins", "localagent_cli.commands.plugins:app"),
    "config": ("Show and change settings", "localagent_cli.commands.config:app"),
    "dev": ("Make plugins: create, run, validate, build", "localagent_cli.commands.dev:app"),
    "doctor": ("Look for what is wrong with the host and its surroundings", "localagent_cli.commands.doctor:app"),
}
"""By name the help line and ``module:attribute`` of the Typer app."""
