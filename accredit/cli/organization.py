"""`accredit organization`: on whose behalf people sign in, and which programs they see."""

from typing import Annotated

import typer

from accredit.cli.ready import ready

app = typer.Typer(help="On whose behalf people sign in, and which programs they see.", no_args_is_help=True)

Code = Annotated[str, typer.Argument(help="The code of the organization.")]


@app.command()
def add(
    code: Code,
    kind: Annotated[str, typer.Option(help="partner or agency; advertisers come with their program files.")],
    name: Annotated[str, typer.Option(help="Its name on pages.")],
) -> None:
    """Add a partner's organization or an agency. `accredit user add` lets people sign in on its behalf."""
    with ready():
        from accredit.access.operations import add_organization

        added = add_organization(code=code, kind=kind, name=name)
        typer.echo(f"{added.name} is installed as {added.get_kind_display()} {added.code!r}.")


@app.command()
def attach(
    code: Code,
    program: Annotated[str, typer.Option(help="The code of an installed program.")],
    partner: Annotated[
        str | None, typer.Option(help="The partner of the program that it is; without it, it is the program's agency.")
    ] = None,
) -> None:
    """Let the members of an organization see a program: an agency all of it, a partner its own conversions."""
    with ready():
        from accredit.programs.operations import attach_organization

        attach_organization(code=code, program=program, partner=partner)
        place = "the agency" if partner is None else f"the partner {partner!r}"
        typer.echo(f"{code!r} is {place} of the program {program!r}.")
