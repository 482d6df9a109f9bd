"""The host's own commands and the options before them: tables that help, dispatch and completion read."""

from __future__ import annotations

BUILTINS: dict[str, tuple[str, str]] = {
    "ask": ("Ask a language model", "localagent_cli.commands.ask:app"),
    "providers": ("List, check and set up providers of language models", "localagent_cli.commands.providers:app"),
    "workflow": (
        "Run workflows of agents, and go on with those that were stopped",
        "localagent_cli.commands.workflow:app",
    ),
    "plugins": ("List, inspect, install, enable and test plugins", "localagent_cli.commands.plugins:app"),
    "config": ("Show and change settings", "localagent_cli.commands.config:app"),
    "dev": ("Make plugins: create, run, validate, build", "localagent_cli.commands.dev:app"),
    "ui": ("See what terminal components draw", "localagent_cli.commands.ui:app"),
    "trace": ("Show where a command's time went, plugin by plugin", "localagent_cli.commands.trace:app"),
    "doctor": ("Look for what is wrong with the host and its surroundings", "localagent_cli.commands.doctor:app"),
}
"""By name the help line and ``module:attribute`` of the Typer app."""

GLOBAL_OPTIONS: tuple[tuple[str, str], ...] = (
    ("--debug", "Show full traces of errors"),
    ("--no-plugins", "Run without any plugin (LOCALAGENT_NO_PLUGINS=1)"),
    ("--only A,B", "Run with these plugins only"),
    ("--home DIR", "Use this home, not $LOCALAGENT_HOME or ~/.localagent"),
    ("--set NAME.KEY=VALUE", "Give a plugin's setting for this run; may be repeated"),
    ("--version", "Print the version"),
    ("--install-completion", "Let Tab complete words in this shell or the one named"),
    ("--show-completion", "Print the script that does so"),
    ("--help, -h", "Print this page"),
)
"""The options before the command, with their help."""
