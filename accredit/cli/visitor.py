"""`accredit visitor erase`."""

from typing import Annotated

import typer

from accredit.cli.reporting import counted
from accredit.cli.serving import reporting_setup

app = typer.Typer(help="Visitors of the shops.", no_args_is_help=True)


@app.callback()
def visitors() -> None:
    """Visitors of the shops."""


@app.command()
def erase(
    ids: Annotated[list[str], typer.Argument(help="Ids of visitors, or of clicks of theirs.", metavar="VISITOR_ID…")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Remove the clicks of visitors from log and archive, for good, and let no conversion name them any more.

    Who was credited, and what is paid, stays as it was decided.
    """
    with reporting_setup():
        from accredit.config.installation import installation

        with installation():
            from accredit.conversions.erasing import erase, visitors_named

            visitors = visitors_named(ids)
            typer.echo(f"To erase: {', '.join(visitors)}")
            if not yes:
                typer.confirm("Erase these visitors for good?", abort=True)
            erased = erase(visitors)
            typer.echo(
                f"Removed {counted(erased.clicks, 'click')} from the log and {erased.archived_clicks:,} from the"
                f" archive; {counted(erased.conversions, 'conversion')} and {counted(erased.pending, 'waiting order')}"
                " without a visitor now."
            )
