"""`accredit conversions export`: what the list shows, as a file."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from accredit.cli.ready import ready
from accredit.cli.reporting import counted

ENDINGS = (".csv", ".xlsx", ".parquet")


def _target(path: Path) -> Path:
    if path.suffix.lower() not in ENDINGS:
        raise typer.BadParameter(f"{path} must end in {', '.join(ENDINGS)}.")
    if not path.resolve().parent.is_dir():
        raise typer.BadParameter(f"There is no folder {path.resolve().parent}.")
    return path


def export(
    program: Annotated[str, typer.Option(help="The code of the program.")],
    out: Annotated[
        Path, typer.Option(help="The file; its ending says whether it is CSV, XLSX or Parquet.", callback=_target)
    ],
    query: Annotated[
        str, typer.Option(help="What stands behind ? in the address of the list: filters, order, columns, view.")
    ] = "",
    language: Annotated[str, typer.Option(help="Of its words: de or en.")] = "en",
) -> None:
    """Write the conversions of a list to a file, as the list's own export does.

    Exit code 0: they are written. 1: the query is not understood, or nothing was done. 2: wrong usage.
    """
    if language not in ("de", "en"):
        raise typer.BadParameter(f"{language!r} is neither de nor en.")
    with ready():
        from django.http import QueryDict
        from django.utils.translation import override

        from accredit.files.errors import printable
        from accredit.lists.exporting import Format
        from accredit.programs.queries import program_by_code
        from accredit.programs.visibility import Viewpoint
        from accredit.web.conversions.page import PAGE
        from accredit.web.lists.exporting import export_state
        from accredit.web.lists.state import state_of
        from accredit.web.naming import Names

        view = Viewpoint(program_by_code(program), None)
        with override(language):
            state = state_of(PAGE, Names(view), QueryDict(query.removeprefix("?")))
            for title, text in state.not_understood:
                typer.secho(printable(f"Not understood: {title} “{text}”."), err=True, fg="red")
            for title, n in state.beyond.items():
                typer.secho(printable(f"{title}: {n:,} values more than a filter takes."), err=True, fg="red")
            if state.left_out:
                raise typer.Exit(1)
            part = out.with_name(f".{out.name}.part")
            try:
                rows = export_state(state, Format(out.suffix.lower().removeprefix(".")), part, now=datetime.now(UTC))
                part.replace(out)
            finally:
                part.unlink(missing_ok=True)
        typer.echo(printable(f"{counted(rows, 'conversion')} in {out}."))
