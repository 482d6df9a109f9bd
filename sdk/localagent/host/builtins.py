"""The plugins that LocalAgent brings along: a static table, so that finding them reads nothing and imports nothing."""

from __future__ import annotations

import os

from localagent.host.spec import PluginSpec, Source, SourceKind
from localagent.version import __version__

_ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120 - as text


def _provider(name: str, plugin_class: str, description: str, *permissions: str) -> PluginSpec:
    return PluginSpec(
        name,
        "provider",
        f"localagent.providers.builtin_plugins:{plugin_class}",
        Source(SourceKind.BUILT_IN, _ROOT),
        __version__,
        description,
        permissions=permissions,
    )


BUILT_IN = {
    spec.name: spec
    for spec in (
        _provider(
            "openai-compatible",
            "OpenAICompatiblePlugin",
            "Servers with OpenAI's chat completions: llama.cpp, vLLM, LM Studio …",
            "network",
        ),
        _provider("ollama", "OllamaPlugin", "Language models that Ollama runs", "network"),
        PluginSpec(
            "plan-answer-check",
            "workflow",
            "localagent.workflows.built_in:PlanAnswerCheck",
            Source(SourceKind.BUILT_IN, _ROOT),
            __version__,
            "Lets a model plan, answer and check its answer",
        ),
        _provider("scripted", "ScriptedPlugin", "Answers from a file instead of a model, for tests and demonstrations"),
        _provider("embedded", "EmbeddedPlugin", "A language model on this machine, by llama.cpp (extra 'local')"),
    )
}
"""By name; enabled unless the user says no, and less in precedence than any enabled plugin."""
