"""Twenty slips in new plugins, and what mends those that ``dev validate --fix`` leaves."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

LAYOUTS = {"command": "flat", "provider": "package", "ui": "flat", "workflow": "package"}
MANIFEST = {"flat": "plugin-manifest.yaml", "package": "word_lab/plugin-manifest.yaml"}


@dataclass(frozen=True, slots=True)
class Slip:
    """An edit by hand that breaks the plugin ``word-lab``.

    Attributes:
        kind: the plugin's.
        file: relative to its folder.
        right: what is there.
        wrong: what is there after the slip.
        rule: the rule that tells of it.
        by_hand: what the tool prints as fix where it does not mend this itself; who follows it writes `right` again.
    """

    kind: str
    file: str
    right: str
    wrong: str
    rule: str
    by_hand: str = ""

    def make(self, plugin: Path) -> None:
        """Break the plugin."""
        self._write(plugin, self.right, self.wrong)

    def mend(self, plugin: Path) -> None:
        """Do what the fix says."""
        self._write(plugin, self.wrong, self.right)

    def _write(self, plugin: Path, old: str, new: str) -> None:
        text = (plugin / self.file).read_text(encoding="utf-8")
        assert old in text
        (plugin / self.file).write_text(text.replace(old, new, 1), encoding="utf-8")


SLIPS = (
    Slip("command", MANIFEST["flat"], "\ndescription:", "\ndescriptions:", "LA103"),
    Slip("command", MANIFEST["flat"], 'version: "1.0.0"', "version: 1.0", "LA104"),
    Slip("command", MANIFEST["flat"], "  - command\n", "  - commands\n", "LA104"),
    Slip("command", MANIFEST["flat"], "name: word-lab-summary", "name: word-lab-sumary", "LA321"),
    Slip(
        *("command", MANIFEST["flat"], '    - "rich>=14"\n    - "typer>=0.26"\n', '    - "rich>=14"\n', "LA208"),
        by_hand='add "typer>=0.26" to dependencies.required',
    ),
    Slip("provider", "pyproject.toml", 'version = "1.0.0"', 'version = "1.1.0"', "LA203"),
    Slip("provider", MANIFEST["package"], "WordLabPlugin", "WordlabPlugin", "LA302"),
    Slip("provider", "pyproject.toml", "localagent.plugins.providers", "localagent.plugin.providers", "LA206"),
    Slip("provider", "word_lab/plugin.py", 'name = "word-lab"', 'name = "word-labs"', "LA304"),
    Slip(
        *("provider", "word_lab/plugin.py", "def get_provider_class(", "def get_provider_clas(", "LA305"),
        by_hand="add def get_provider_class(self)",
    ),
    Slip("ui", "plugin.py", "def get_ui_components", "async def get_ui_components", "LA319"),
    Slip("ui", MANIFEST["flat"], "config_schema.json", "config_shema.json", "LA113"),
    Slip("ui", MANIFEST["flat"], "  - border_style", "  - border_stile", "LA404"),
    Slip("ui", "pyproject.toml", '["*.json", "*.yaml"', '["*.json"', "LA209"),
    Slip("ui", "config_schema.json", '"default": 50', '"default": "50"', "LA403", "correct the default"),
    Slip("workflow", MANIFEST["package"], 'python_min_version: "3.11"', "python_min_version: 3.11", "LA104"),
    Slip("workflow", MANIFEST["package"], "    - name: word-lab", "    - named: word-lab", "LA103"),
    Slip("workflow", MANIFEST["package"], "README.md", "README.rst", "LA113", "add the file, correct its path"),
    Slip("workflow", "pyproject.toml", '">=3.11"', '">=3.12"', "LA207", "name the same version in both"),
    Slip(
        *("workflow", "word_lab/plugin.py", "(WorkflowPlugin)", "(UIPlugin)", "LA303"),
        by_hand="write class WordLabPlugin(WorkflowPlugin):",
    ),
)
