"""Rules LA7: what ``localagent doctor`` holds a host and its surroundings against."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localagent.diagnostics.diagnostic import Place, Severity
from localagent.diagnostics.rule import Finding, Rule, Tier
from localagent.host.examination import LOOKS, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from localagent.host.examination import Examined


def _finder(rule_id: str) -> Callable[[Examined], Iterator[Finding]]:
    """What a look finds that is not as it should be, as findings."""

    def find(examined: Examined) -> Iterator[Finding]:
        for check in LOOKS[rule_id](examined):
            if check.verdict is not Verdict.FINE:
                where = Place(examined.situation.home.path)
                yield Finding(f"{check.what}: {check.detail}", where, check.fix)

    return find


def _rule(
    rule_id: str, title: str, explanation: str, *, bad: str, good: str, severity: Severity = Severity.NOTE
) -> Rule[Examined]:
    return Rule(
        rule_id,
        title,
        _finder(rule_id),
        tier=Tier.BRONZE,
        severity=severity,
        explanation=explanation,
        bad=f"{bad}\n",
        good=f"{good}\n",
    )


_ERROR = Severity.ERROR

RULES = (
    _rule(
        "LA701",
        "The home can be written to",
        "Settings, what is enabled and what plugins keep lie there.",
        bad="drwxr-xr-x root root /srv/home",
        good="localagent --home ~/.localagent ...",
        severity=_ERROR,
    ),
    _rule(
        "LA702",
        "The configuration can be read",
        "While it cannot, plugins are off and only management commands work.",
        bad="plugins: [",
        good="plugins: {}",
        severity=_ERROR,
    ),
    _rule(
        "LA703",
        "Secrets are readable by their owner only",
        "Who may read the file has the key. A reference such as ${env:NAME} in its place says nothing.",
        bad="-rw-r--r-- config.yaml   # api_key: k-123",
        good="-rw------- config.yaml   # api_key: ${env:MY_KEY}",
    ),
    _rule(
        "LA704",
        "The plugin environment is whole",
        "The pointer names the folder that installed plugins are imported from.",
        bad="environments/HOST/current -> 7   # there is no 7",
        good="environments/HOST/current -> 6",
        severity=_ERROR,
    ),
    _rule(
        "LA705",
        "Every enabled plugin was looked at",
        "What a plugin adds is learned in a preflight; until then help does not show it.",
        bad="not yet: my-plugin",
        good="localagent --help",
    ),
    _rule(
        "LA706",
        "Installed distributions can be read",
        "One that cannot is left out; the others are not affected.",
        bad="broken-1.0.dist-info/entry_points.txt:3: no '='",
        good="python -m pip install --force-reinstall broken",
        severity=_ERROR,
    ),
    _rule(
        "LA707",
        "Enabled plugins work",
        "A plugin that failed, or is in quarantine, is not loaded until its files change or it is enabled again.",
        bad="plugin my-plugin: plugin.py:3: NameError",
        good="plugin my-plugin: enabled",
        severity=_ERROR,
    ),
    _rule(
        "LA708",
        "No plugin is passed over unseen",
        "Another one of its name comes first, or nobody agreed to run what lies in its folder.",
        bad="untrusted: ./dev-plugins was not trusted yet",
        good="localagent dev trust ./dev-plugins",
    ),
    _rule(
        "LA709",
        "Settings fit their schemas",
        "A plugin whose settings do not fit does not start.",
        bad="/size: 'x' is not of type 'integer'",
        good="size: 3",
        severity=_ERROR,
    ),
    _rule(
        "LA710",
        "Each command has one owner",
        "The other one is reached as plugin:command.",
        bad="command greet: hello wants it too, it belongs to greeter",
        good="localagent hello:greet",
    ),
    _rule(
        "LA711",
        "No message is lost",
        "Handlers that failed, came too late or had too much to do lost messages in the last run.",
        bad="messages of my-plugin: 3 failed",
        good="messages of my-plugin: 3 handled",
    ),
    _rule(
        "LA712",
        "Plugins are imported quickly",
        "The import is paid whenever one of the plugin's commands is used.",
        bad="its import takes 900 ms",
        good="def analyse(): import pandas",
    ),
    _rule(
        "LA713",
        "Nothing foreign runs when Python starts",
        "A .pth file with an import line runs in every Python process of the environment, before LocalAgent.",
        bad="site-packages/surprise.pth: import surprise",
        good="python -m pip uninstall surprise",
    ),
    _rule(
        "LA714",
        "Plugins can be installed",
        "pip, uv, or the pip that comes with Python resolves what plugins need.",
        bad="neither pip nor uv is there",
        good="python -m ensurepip",
        severity=_ERROR,
    ),
    _rule(
        "LA715",
        "What plugins need is installed",
        "A distribution that is missing or has another version shows when the plugin first imports it.",
        bad="it needs requests >=2.32, and 2.28 is installed",
        good="python -m pip install 'requests>=2.32'",
        severity=_ERROR,
    ),
    _rule(
        "LA716",
        "Entry points and manifests agree",
        "The entry point decides what is imported; a manifest that names something else describes another plugin.",
        bad="entry point greeter = greeter:Greeter   # manifest: class: greeter:Hello",
        good="entry point greeter = greeter:Greeter   # manifest: class: greeter:Greeter",
    ),
)
