"""A program that loads every plugin into one process, runs commands of some, and lets all go."""

from __future__ import annotations

import json
import sys

from localagent_cli import LocalAgentCLI


def main(commands: list[str]) -> int:
    """Run the commands, whatever became of those before; errors of plugins go to standard error as JSON."""
    cli = LocalAgentCLI()
    ready = cli.host.loop.run(cli.plugin_manager.load_all())
    codes = {command: cli.call([command]) for command in commands or ready}
    cli.close()
    errors = {
        name: {"step": getattr(error, "step", ""), "place": str(error.place), "message": error.message}
        for name, error in cli.plugin_manager.errors.items()
    }
    sys.stderr.write(json.dumps({"ready": ready, "codes": codes, "errors": errors}) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
