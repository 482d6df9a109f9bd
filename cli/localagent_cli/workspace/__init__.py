"""Folders in which plugins are developed."""

from localagent_cli.workspace.setup import Step, set_up

__all__ = ["Step", "set_up"]
