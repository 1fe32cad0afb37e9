"""`accredit user add | invite | reset-two-factor | switch-off | switch-on`: who may sign in."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from accredit.cli.ready import ready

app = typer.Typer(help="Who may sign in.", no_args_is_help=True)

Email = Annotated[str, typer.Argument(help="The e-mail that signs in.")]
Role = Annotated[str, typer.Option(help="What they may do there: owner, editor or viewer.")]


@app.command()
def add(
    email: Email,
    name: Annotated[str, typer.Option(help="The person's name.", prompt=True)],
    organization: Annotated[str, typer.Option(help="Code of the organization that they belong to.", prompt=True)],
    role: Role = "viewer",
) -> None:
    """Let a person sign in, on behalf of an organization. The password is asked for, or read from a pipe."""
    password = typer.prompt("Password", hide_input=True) if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")
    with ready():
        from accredit.access.operations import add_member

        member = add_member(email=email, name=name, password=password, organization=organization, role=role)
        typer.echo(f"{member.user.email} may sign in as {member.role} of {member.organization}.")


@app.command()
def invite(
    email: Email,
    organization: Annotated[str, typer.Option(help="Code of the organization that they are to join.", prompt=True)],
    role: Role = "viewer",
) -> None:
    """Make a link by which a person joins an organization and chooses a password. Pass it on yourself: nothing is sent.
    A link that was made for them before no longer opens."""
    with ready():
        from accredit.access.models import Language
        from accredit.access.operations import organization_by_code
        from accredit.access.people import PeopleRefused
        from accredit.access.people import invite as make_invitation
        from accredit.config import environment
        from accredit.processes import pages_address
        from accredit.web.people.words import REFUSED

        try:
            invitation, token = make_invitation(
                organization=organization_by_code(organization),
                email=email,
                role=role,
                language=Language.ENGLISH,
                actor=None,
                now=datetime.now(UTC),
            )
        except PeopleRefused as error:
            typer.secho(str(REFUSED[error.code]), err=True, fg="red")
            raise typer.Exit(1) from None
        pages = environment.public_url() or pages_address(environment.state_folder()) or ""
        typer.echo(f"{pages}/invitations/{token}")
        typer.secho(
            f"{invitation.email} joins {invitation.organization} as {role} by this link, until"
            f" {invitation.expires_at:%Y-%m-%d}. It opens once.",
            err=True,
        )


@app.command("reset-two-factor")
def reset_two_factor(email: Email) -> None:
    """Remove the app, passkeys and recovery codes of a person who has lost them: the password alone signs in again.
    Make sure that it is them who ask."""
    with ready():
        from accredit.access.operations import remove_two_factor

        removed = remove_two_factor(email, now=datetime.now(UTC))
        typer.echo(f"{email} signs in with the password alone." if removed else f"{email} had no second step.")


@app.command("switch-off")
def switch_off(email: Email) -> None:
    """Let nobody sign in as this person any more: every session ends, and keys are refused. What they did stays."""
    with ready():
        from accredit.access import operations

        done = operations.switch_off(operations.user_by_email(email), actor=None, now=datetime.now(UTC))
        typer.echo(f"{email} is switched off." if done else f"{email} was switched off already.")


@app.command("switch-on")
def switch_on(email: Email) -> None:
    """Let a person sign in again who was switched off."""
    with ready():
        from accredit.access import operations

        done = operations.switch_on(operations.user_by_email(email), actor=None, now=datetime.now(UTC))
        typer.echo(f"{email} may sign in again." if done else f"{email} may sign in already.")
