"""The provider that the page on providers writes answers."""

from __future__ import annotations

import json
from pathlib import Path

from loopback import running, status, stream
from plain import MakePlugin, Run
from walkthrough import ROOT, blocks


def test_the_provider_of_the_page_answers_whole_and_in_pieces(
    localagent: Run, make_plugin: MakePlugin, home: Path
) -> None:
    (source,) = [
        block.text
        for block in blocks((ROOT / "docs" / "providers.md").read_text("utf-8"))
        if block.title == "plugin.py"
    ]
    make_plugin("house-model", source)
    with running() as server:
        server.answer("/complete", status(200, {"text": "Hello there."}))
        server.answer("/stream", stream([b"data: Hello\n\n", b"data: you.\n\n"]))
        (home / "config.yaml").write_text(json.dumps({"providers": {"house-model": {"base_url": server.url}}}))
        assert localagent("plugins", "enable", "house-model").code == 0
        assert localagent("ask", "Hi", "--no-stream").out == "Hello there.\n"
        assert localagent("ask", "Hi").out == "Helloyou.\n"
