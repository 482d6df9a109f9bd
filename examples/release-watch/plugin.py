"""Which projects have a release that one has not seen yet: a service is asked with a token, answers are remembered."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Any

import httpx2
import typer
from localagent import ConfigError, EnhancedCommandPlugin, PluginContext, gather_bounded

SEEN = "seen:"
AT_A_TIME = 4
SECONDS = 10
FIX = "localagent config set plugins.release-watch.config.token '${env:RELEASE_WATCH_TOKEN}'"


@dataclass(frozen=True)
class Release:
    """The newest release of a project; `page` is its address."""

    project: str
    tag: str
    page: str


class ReleaseWatchPlugin(EnhancedCommandPlugin):
    """Adds the commands new-releases and forget-releases."""

    name = "release-watch"
    version = "1.0.0"
    description = "Tells which projects have a release that you have not seen yet"

    async def initialize(self, context: PluginContext) -> bool:
        """Take over the settings.

        Raises:
            ConfigError: the token stands in them itself.
        """
        if not await super().initialize(context):
            return False
        # A reference arrives as a secret that shows itself to nobody; a plain text would be in files and backups.
        if isinstance(self.config["token"], str):
            raise ConfigError("the settings hold the token itself", fix=FIX)
        return True

    def register_commands(self, app: typer.Typer) -> None:
        """Add the commands."""
        app.command("new-releases")(self.new_releases)
        app.command("forget-releases")(self.forget_releases)

    async def new_releases(
        self,
        *,
        keep: Annotated[bool, typer.Option("--keep", help="Show them the next time, too.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="For programs.")] = False,
    ) -> None:
        """Show the releases that were not shown before."""
        projects: list[str] = self.config["projects"]
        asking = gather_bounded(self.newest, projects, limit=AT_A_TIME)
        found = await self.execute_with_progress(asking, "Asking")
        new = [release for release in found if release is not None and not self.is_seen(release)]
        self.show(new, as_json=as_json)
        if not keep:
            self.remember(new)

    def forget_releases(self) -> None:
        """Take every release for a new one again."""
        self.context.storage.clear()

    async def newest(self, project: str) -> Release | None:
        """The newest release of a project; None where it has none, or where nobody can tell."""
        try:
            async with self.client() as client:
                answer = await client.get(f"/repos/{project}/releases/latest")
            if answer.status_code == httpx2.codes.NOT_FOUND:
                return None
            told = answer.raise_for_status().json()
            return Release(project, told["tag_name"], told["html_url"])
        except (httpx2.HTTPError, ValueError, LookupError, TypeError) as problem:
            self.logger.warning("no answer about %s: %s", project, problem)
            return None

    def client(self) -> httpx2.AsyncClient:
        """A client for the service that the settings name."""
        token: Any = self.config["token"]
        headers = {"Authorization": f"Bearer {token.reveal()}"} if token is not None else {}
        return httpx2.AsyncClient(base_url=self.config["service"], headers=headers, timeout=SECONDS)

    def is_seen(self, release: Release) -> bool:
        """Whether it was shown before."""
        return bool(self.context.storage.get(f"{SEEN}{release.project}") == release.tag)

    def remember(self, releases: Sequence[Release]) -> None:
        """Take releases for seen from now on: all of them or, if that fails, none."""
        with self.context.storage.transaction() as storage:
            for release in releases:
                storage.set(f"{SEEN}{release.project}", release.tag)

    def show(self, releases: Sequence[Release], *, as_json: bool) -> None:
        """Print releases, one a line."""
        if as_json:
            typer.echo(json.dumps([asdict(release) for release in releases], ensure_ascii=False))
            return
        for release in releases:
            typer.echo(f"{release.project} {release.tag}  {release.page}")
        if not releases:
            typer.echo("nothing new")
