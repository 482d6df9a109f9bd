"""The root group: built-in commands by a table, plugin commands by asking who owns the word."""

from __future__ import annotations

import copy
import sys
from typing import TYPE_CHECKING, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command, get_command_name, get_group

from localagent.errors import PluginNotAvailable, UsageError
from localagent.host import interrupts
from localagent_cli import output
from localagent_cli.bridge import bridge
from localagent_cli.builtin_commands import BUILTINS
from localagent_cli.exit_codes import DONE, FAILED, USAGE
from localagent_cli.session import reporting

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Never

    from typer.models import CommandInfo

    from localagent.host.commands import OwnedCommand
    from localagent.host.shortcut import Shortcut
    from localagent_cli.app import LocalAgentCLI


class RootGroup(TyperGroup):
    """Finds a command when its name is used; only then its module or its plugin is imported."""

    def list_commands(self, ctx: Any) -> list[str]:
        """The built-in commands, then those of enabled plugins."""
        return [*BUILTINS, *self._cli.plugin_manager.survey.commands().commands]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:
        """A built-in command; plugin commands come by `resolve_command`."""
        return _built_in(cmd_name) if cmd_name in BUILTINS else None

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """The command for the first word, its plugin loaded if it has one."""
        word = args[0]
        if word in BUILTINS:
            return word, _built_in(word, *args[1:2]), args[1:]
        owned = self._owner_of(word)
        loaded = self._cli.host.loop.run_own(self._cli.plugin_manager.require(owned.owner))
        group = loaded.registration.group
        command = group.commands.get(owned.name) if group is not None else None
        if group is None or command is None:
            raise PluginNotAvailable(
                f"the plugin '{owned.owner}' declares the command '{owned.name}' but registered no such command",
                plugin=owned.owner,
                file=loaded.spec.manifest_file,
                fix=f"localagent plugins enable {owned.owner}   (looks at its commands anew)",
            )
        if group.callback is not None:
            # The plugin's own callback runs for each of its commands, so its whole group is called.
            return owned.owner, bridge(group, loaded, self._cli), [owned.name, *args[1:]]
        return word, bridge(command, loaded, self._cli), args[1:]

    def get_help(self, ctx: Any) -> str:
        """The page that the fast path prints too."""
        from localagent_cli import listing
        from localagent_cli.root_help import page

        return page(listing.commands(self._cli.plugin_manager.survey)["commands"])

    def main(
        self,
        args: Sequence[str] | None = None,
        prog_name: str | None = None,
        complete_var: str | None = None,
        standalone_mode: bool = True,  # noqa: FBT001, FBT002 - Typer's signature
        windows_expand_args: bool = True,  # noqa: FBT001, FBT002 - Typer's signature
        **extra: Any,
    ) -> Any:
        """Run a command line; the process exits with its code, unless `standalone_mode` is false."""
        words = list(sys.argv[1:] if args is None else args)
        cli = self._cli
        code = cli.host.loop.call_blocking(lambda: reporting(lambda: self.dispatch(words), debug=cli.debug))
        if standalone_mode:
            sys.exit(code)
        return code

    def dispatch(self, words: list[str]) -> int:
        """Run a command line and give its exit code; errors of LocalAgent pass through."""
        try:
            with self.make_context("localagent", words) as ctx:
                self.invoke(ctx)
        except typer.Exit as exit_:
            return exit_.exit_code
        except typer.Abort:
            if interrupts.pending() is not None:
                # Typer's prompts turn Ctrl-C into this.
                raise KeyboardInterrupt from None
            output.tell("aborted")
            return FAILED
        except typer.TyperException as error:
            raise _usage_error(error) from error
        except SystemExit as exit_:
            return _code_of(exit_)
        except EOFError:
            output.tell("aborted: there was no answer")
            return USAGE
        return DONE

    @property
    def _cli(self) -> LocalAgentCLI:
        cli: LocalAgentCLI = self.context_settings["obj"]
        return cli

    def _owner_of(self, word: str) -> OwnedCommand | Shortcut:
        """Who owns a word that is no built-in command.

        Raises:
            PluginNotAvailable: a plugin has that command but may not be loaded.
            UsageError: nobody has it; the error suggests a near name. Or the configuration cannot be read.
        """
        owned = self._cli.plugin_manager.find_command(word)
        return self._refuse(word) if owned is None else owned

    def _refuse(self, word: str) -> Never:
        from localagent_cli import listing, warm
        from localagent_cli.unknown_command import no_such_command

        picture = self._cli.plugin_manager.survey
        if picture.problem is not None:
            message = f"'{word}' cannot be run while the configuration cannot be read"
            raise UsageError(message, fix=picture.problem.fix or f"correct {picture.problem.place}")
        for plugin in picture.plugins.values():
            if word in listing.words_when_off(plugin):
                plugin.require()
        warm.keep(picture, self._cli.host.situation)
        raise no_such_command(word, picture.commands().commands)


def _built_in(name: str, word: str = "") -> Any:
    """One of the host's own commands; of a group only what `word` calls, where it is the name of a command."""
    from importlib import import_module

    module, _, attribute = BUILTINS[name][1].partition(":")
    app: typer.Typer = getattr(import_module(module), attribute)
    called = [command for command in app.registered_commands if _name_of(command) == word]
    if called and len(app.registered_commands) > 1:
        # Making all the others takes as long as importing them.
        app = copy.copy(app)
        app.registered_commands = called
        command: Any = get_group(app)
    else:
        command = get_command(app)
    command.name = name
    return command


def _name_of(command: CommandInfo) -> str:
    function = command.callback
    return command.name or (get_command_name(function.__name__) if function else "")


def _usage_error(error: typer.TyperException) -> UsageError:
    """Typer's complaint about the words it was given, with the help page that explains them."""
    ctx = getattr(error, "ctx", None)
    path = ctx.command_path if ctx is not None else "localagent"
    return UsageError(error.format_message().rstrip("."), fix=f"{path} --help")


def _code_of(exit_: SystemExit) -> int:
    """The exit code that the interpreter would give to ``sys.exit(...)``."""
    if exit_.code is None or isinstance(exit_.__context__, BrokenPipeError):
        # Rich exits with 1 where its reader went away.
        return DONE
    if isinstance(exit_.code, int):
        return exit_.code
    output.tell(str(exit_.code))
    return FAILED
