"""The environment variables with which a developer steers a host.

A plugin's settings, ``LOCALAGENT_<PLUGIN>_<KEY>``, are something else.
"""

from __future__ import annotations

from localagent.host.index import VARIABLES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

HOST_VARIABLES = frozenset({"LOCALAGENT_HOME", *VARIABLES})


def without_host_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` without what steers the host, such as development mode."""
    return {name: value for name, value in environ.items() if name not in HOST_VARIABLES}
