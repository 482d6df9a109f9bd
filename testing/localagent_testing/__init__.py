"""The testing kit: LocalAgent's pytest plugin, and the rules that run a plugin in a real host.

Importing the package makes the import paths of the plugin development guide work.
"""

from __future__ import annotations

from localagent import guide_names

__all__: list[str] = []

guide_names.install()
