"""`accredit requests list | process`: what is accepted and failed of conversion requests, and doing it now."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from accredit.cli.ready import ready
from accredit.cli.reporting import counted

app = typer.Typer(help="Conversion requests of partners.", no_args_is_help=True)
ProgramCode = Annotated[str, typer.Argument(help="The code of an installed program.")]
SHOWN = 100


@app.command("list")
def list_requests(program: ProgramCode) -> None:
    """Show how many requests there are at each stage, and which failed, and why. Changes nothing."""
    with ready():
        from django.db.models import Count

        from accredit.conversion_requests.models import Request, Stage, StageChange
        from accredit.conversion_requests.planning import WHY
        from accredit.files.errors import printable
        from accredit.programs.queries import program_by_code

        found = Request.objects.filter(program=program_by_code(program))
        counts = dict(found.order_by().values_list("stage").annotate(Count("*")))
        for stage in Stage:
            typer.echo(f"{stage.value:<10} {counts.get(stage.value, 0):>12,}")
        failed = found.filter(stage=Stage.FAILED).order_by("-changed_at", "-number")
        for one in failed[:SHOWN]:
            last = StageChange.objects.get(program=one.program_id, request_id=one.id, number=one.stages)
            why = WHY.get(last.reason or "", last.reason)
            typer.secho(
                printable(f"Request {one.number}, {one.event_type} {one.order_token}: {why}."), err=True, fg="red"
            )
        if counts.get(Stage.FAILED.value, 0) > SHOWN:
            typer.secho("…", err=True, fg="red")


@app.command()
def process(program: ProgramCode) -> None:
    """Process what is accepted, without waiting for the worker.

    Exit code 0: all of it is processed. 1: some requests failed, which `accredit requests list` shows.
    """
    with ready():
        from accredit.conversion_requests.processing import Processed, process_next
        from accredit.programs.queries import program_by_code

        installed, total = program_by_code(program), Processed()
        while part := process_next(installed, now=datetime.now(UTC)):
            total += part
        typer.echo(f"{counted(total.done, 'request')} processed.")
        if total.failed:
            typer.secho(f"{counted(total.failed, 'request')} failed.", err=True, fg="red")
            raise typer.Exit(1)
