"""`accredit key add | list | end`: the keys by which a shop signs what it sends."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from accredit.cli.ready import ready

app = typer.Typer(help="The keys by which a shop signs what it sends.", no_args_is_help=True)

ProgramCode = Annotated[str, typer.Argument(help="The code of the program.")]


@app.command()
def add(program: ProgramCode) -> None:
    """Make a key, and show its secret, once. Trackers know it within a second."""
    with ready():
        from accredit.config import environment
        from accredit.programs.signing_keys import add_key, key_text

        secret_key = environment.secret_key(environment.state_folder())
        key, secret = add_key(program, now=datetime.now(UTC), secret_key=secret_key)
        typer.echo(f"key     {key_text(key)}\nsecret  {secret}")
        typer.secho("The secret is shown this once. Keep it where the shop reads its passwords.", err=True)


@app.command("list")
def show(program: ProgramCode) -> None:
    """Show the keys of a program, without their secrets."""
    with ready():
        from accredit.programs.signing_keys import key_text, keys_of

        keys = keys_of(program)
        for key in keys:
            until = f"until {_written(key.ends_at)}" if key.ends_at else "no end"
            typer.echo(f"{key_text(key)}  since {_written(key.created_at)}, {until}")
        if not keys:
            typer.echo(f"{program} has no key: `accredit key add {program}` makes one.", err=True)


@app.command()
def end(
    key: Annotated[str, typer.Argument(help="The key, such as sk_…")],
    at: Annotated[str | None, typer.Option(help="When, in ISO 8601 with an offset; without it, now.")] = None,
) -> None:
    """Let a key end: what it signs from then on is refused."""
    now = datetime.now(UTC)
    moment = now if at is None else _instant(at)
    with ready():
        from accredit.programs.signing_keys import end_key

        ended = end_key(key, at=moment, now=now)
        typer.echo(f"{key} ends at {_written(ended.ends_at or now)}.")


def _instant(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise typer.BadParameter(f"{text!r} is no time with an offset, such as 2026-01-31T12:00:00Z", param_hint="--at")
    return moment.astimezone(UTC)


def _written(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
