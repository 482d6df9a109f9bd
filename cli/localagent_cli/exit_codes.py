"""Exit codes, and which error means which."""

from __future__ import annotations

from localagent import errors

DONE = 0
FAILED = 1
"""The command failed, or a command whose job is to find errors found some."""
USAGE = 2
"""Wrong usage, input or configuration."""
NOT_AVAILABLE = 3
"""A plugin is absent, disabled, untrusted, failed or quarantined."""
REFUSED = 4
"""Not done, for safety."""
SURROUNDINGS = 5
"""Disk, permission, lock, time-out, missing extra."""
INTERRUPTED = 130

_CODES: tuple[tuple[type[errors.LocalAgentError], int], ...] = (
    (errors.PluginNotAvailable, NOT_AVAILABLE),
    (errors.RefusedError, REFUSED),
    (errors.RequestTimeout, SURROUNDINGS),
    (errors.SystemProblem, SURROUNDINGS),
    (errors.ConnectionFailed, SURROUNDINGS),
    (errors.ProviderTimeout, SURROUNDINGS),
    (errors.RateLimited, SURROUNDINGS),
    (errors.AuthenticationFailed, USAGE),
    (errors.ContextTooLong, USAGE),
    (errors.UsageError, USAGE),
    (errors.ConfigError, USAGE),
    (errors.ManifestError, USAGE),
    (errors.ValidationError, USAGE),
)
COMMAND_STEP = "command"
"""The step at which a plugin's failure is the command's own."""


_OWN_STEPS = (COMMAND_STEP, "complete", "health", "draw")
"""The steps at which a plugin that is there fails at what it was asked for."""
_INPUT_STEP = "variables"
"""The step at which a plugin fails because of what this one command was given."""


def code_of(error: errors.LocalAgentError) -> int:
    """The exit code that `error` means."""
    # Quick answers need the numbers only.
    from localagent.host.budgets import LOADING_STEPS

    if isinstance(error, errors.PluginFailed) and error.step in _OWN_STEPS:
        return SURROUNDINGS if isinstance(error, errors.PluginTimeout) else FAILED
    if isinstance(error, errors.PluginFailed) and error.step == _INPUT_STEP:
        return USAGE
    if isinstance(error, errors.PluginTimeout) and error.step not in LOADING_STEPS:
        return SURROUNDINGS
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)
