"""``localagent ask``: one question to a language model."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from localagent_cli import asking, output
from localagent_cli.commands.context import Json, cli_of
from localagent_cli.exit_codes import FAILED

if TYPE_CHECKING:
    from localagent_cli.asking import Answer

app = typer.Typer(rich_markup_mode=None, add_completion=False)


@app.command()
def ask(
    ctx: typer.Context,
    prompt: Annotated[str, typer.Argument(help="The question", metavar="PROMPT")],
    provider: Annotated[
        str | None, typer.Option("--provider", "-p", metavar="PROVIDER", help="Who answers, instead of the default")
    ] = None,
    model: Annotated[str | None, typer.Option("--model", "-m", metavar="MODEL", help="Which of its models")] = None,
    no_stream: Annotated[bool, typer.Option("--no-stream", help="Print the answer when it is whole")] = False,
    file: Annotated[
        list[Path] | None, typer.Option("--file", "-f", metavar="FILE", help="A text it is about; may be repeated")
    ] = None,
    system: Annotated[
        str | None, typer.Option("--system", "-s", metavar="TEXT", help="How the model is to answer")
    ] = None,
    schema: Annotated[
        Path | None, typer.Option("--schema", metavar="FILE", help="A JSON Schema that the answer must fit")
    ] = None,
    as_json: Json = False,
) -> None:
    """Ask a language model; what is piped in belongs to the question.

    Example: git diff | localagent ask "Write a commit message"
    """
    providers = cli_of(ctx).host.provider_manager
    providers.chain(provider)
    answer_schema = asking.read_answer_schema(schema) if schema is not None else None
    context = [(str(path), asking.text_of(path)) for path in file or ()]
    piped = asking.piped_text()
    request = asking.request_of(
        prompt,
        context=[*context, *([("Standard input", piped)] if piped.strip() else [])],
        system=system,
        model=model,
        schema=answer_schema,
    )
    line = asking.AnswerLine()
    try:
        answer = cli_of(ctx).host.loop.run(
            asking.answer_of(
                providers,
                request,
                provider=provider,
                stream=not no_stream,
                show=(lambda _: None) if as_json else line.show,
            )
        )
    finally:
        line.end()
    value = asking.check_answer(answer, answer_schema) if answer_schema is not None and answer.cut is None else None
    if as_json:
        output.show_json(answer.to_dict() | ({"value": value} if answer_schema is not None else {}))
    _tell_what_is_missing(answer)


def _tell_what_is_missing(answer: Answer) -> None:
    """Say that an answer is incomplete or empty."""
    if answer.cut is not None:
        output.tell_error(answer.cut)
        output.tell("the answer is incomplete")
        raise typer.Exit(FAILED)
    if not answer.response.text:
        output.tell(f"the answer is empty (finish reason: {answer.response.finish_reason})")
