"""``python -m localagent_cli``."""

from localagent_cli.main import main

raise SystemExit(main())
