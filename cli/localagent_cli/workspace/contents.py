"""What a folder for developing plugins holds, and the file that switches development mode on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localagent.manifest.schema import load_schema

if TYPE_CHECKING:
    from pathlib import Path

PLUGINS = "dev-plugins"
SCHEMA = "schemas/plugin-schema.json"

EDITOR_SETTINGS: dict[str, Any] = {
    "python.defaultInterpreterPath": "${workspaceFolder}/.venv/bin/python",
    "python.testing.pytestEnabled": True,
    "python.testing.unittestEnabled": False,
    "[python]": {
        "editor.defaultFormatter": "charliermarsh.ruff",
        "editor.formatOnSave": True,
        "editor.codeActionsOnSave": {"source.fixAll": "explicit", "source.organizeImports": "explicit"},
    },
    "yaml.schemas": {
        f"./{SCHEMA}": [
            f"{PLUGINS}/*/plugin-manifest.yaml",
            f"{PLUGINS}/*/plugin.yaml",
            f"{PLUGINS}/*/*/plugin-manifest.yaml",
        ]
    },
}
"""Of Visual Studio Code. The last of the patterns is for manifests that lie in a package."""

LAUNCH: dict[str, Any] = {
    "version": "0.2.0",
    "configurations": [
        {
            "name": "LocalAgent",
            "type": "debugpy",
            "request": "launch",
            "module": "localagent_cli",
            "args": ["--debug", "plugins", "list"],
            "console": "integratedTerminal",
            "justMyCode": False,
            "env": {"LOCALAGENT_DEV_MODE": "true"},
        },
        {
            "name": "Plugin's tests",
            "type": "debugpy",
            "request": "launch",
            "module": "localagent_cli",
            "args": ["--debug", "plugins", "test", "${input:plugin}"],
            "console": "integratedTerminal",
            "justMyCode": False,
            "subProcess": True,
        },
    ],
    "inputs": [
        {
            "id": "plugin",
            "type": "promptString",
            "description": "The plugin's folder",
            "default": f"{PLUGINS}/my-plugin",
        }
    ],
}
"""What Visual Studio Code can run under its debugger; tests run in a process of their own."""

_DEVELOPMENT = """\
# Development mode: on while this file is here, unless LOCALAGENT_DEV_MODE says otherwise.
development:
  debug_mode: true        # as --debug does
  hot_reload: true        # a running LocalAgent takes up changed code
  verbose_logging: true

  plugins:
    allow_dev_plugins: true
    auto_reload: true
    development_directories:
      - "./dev-plugins"   # of the folder that LocalAgent is run in
      - {home_plugins}

  workflow:
    enable_step_debugging: true
    save_intermediate_results: true
    detailed_error_traces: true
"""


def development_text(home_plugins: Path) -> str:
    """The text of ``development.yaml``; `home_plugins` are the development plugins of LocalAgent's home."""
    return _DEVELOPMENT.format(home_plugins=json.dumps(str(home_plugins), ensure_ascii=False))


def schema_text() -> str:
    """The JSON Schema of a manifest, as editors use it."""
    return json.dumps(load_schema(), indent=2, ensure_ascii=False) + "\n"
