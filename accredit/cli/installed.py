"""`accredit program plan | apply | export`: the installed set-up of a program."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING, Annotated, Any

import typer

from accredit.cli.ready import ready
from accredit.cli.reporting import counted

if TYPE_CHECKING:
    from accredit.programs.operations import Change, Refusal

ProgramFile = Annotated[Path, typer.Argument(help="The program file.", exists=True, dir_okay=False, readable=True)]
ProgramCode = Annotated[str, typer.Argument(help="The code of the program.")]


def plan(file: ProgramFile) -> None:
    """Show what would change in the installed program. Changes nothing.

    + is added, ~ is changed, - is removed; ! is what history forbids, so that `apply` would refuse the file.

    Exit code 0: the file can be applied. 1: it has errors, or history forbids some of it.
    """
    with ready():
        from accredit.files import read_program
        from accredit.programs.operations import check_program

        changes, refusals = check_program(read_program(file))
        _show(changes)
        if not changes:
            typer.echo("Nothing would change.")
        if refusals:
            _refuse(refusals, "Nothing of this file could be applied.")


def apply(file: ProgramFile) -> None:
    """Make the installed program as the file says, in one step; a new program is installed. The second time: nothing.

    Exit code 0: the program is as the file says. 1: the file has errors, or history forbids some of it; then nothing
    is changed.
    """
    with ready():
        from accredit.files import read_program
        from accredit.programs.changing import apply_file
        from accredit.programs.operations import ChangesRefused

        program = read_program(file)
        try:
            changes = apply_file(program, now=datetime.now(UTC))
        except ChangesRefused as error:
            _show(error.changes)
            _refuse(error.refusals, "Nothing was changed.")
        else:
            _show(changes)
            done = f"Changes made: {len(changes)}." if changes else "Nothing is changed."
            typer.echo(f"{done} The program {program.code!r} is as {file} says.")
            _say_what_is_held(program.code)


def export(
    code: ProgramCode,
    out: Annotated[Path | None, typer.Option(help="The file to write; without it, standard output.")] = None,
) -> None:
    """Write the program file that would recreate an installed program."""
    with ready():
        from accredit.files import write_program
        from accredit.programs.queries import program_by_code, program_value

        text = write_program(program_value(program_by_code(code).id))
        if out is None:
            typer.echo(text, nl=False)
        else:
            out.write_text(text, encoding="utf-8")


def _say_what_is_held(code: str) -> None:
    """Whoever mends a set-up learns which orders waited for that."""
    from accredit.tracking import pending

    if held := sum(count.orders for count in pending.counts(code) if count.reason):
        wait = "waits" if held == 1 else "wait"
        typer.echo(f"{counted(held, 'order')} {wait} for it: `accredit intake retry --program {quote(code)}`")


def _show(changes: "Sequence[Change]") -> None:
    for change in changes:
        sign = "+" if change.before is None else "-" if change.after is None else "~"
        details = "; ".join(_differences(change)) if sign == "~" else ""
        typer.echo(f"{sign} {_name(change)}{details and f': {details}'}")


def _refuse(refusals: "Sequence[Refusal]", consequence: str) -> None:
    for refusal in refusals:
        typer.secho(f"! {_name(refusal.change)}: {refusal.message}", err=True, fg="red")
    typer.secho(consequence, err=True)
    raise typer.Exit(1)


def _name(change: "Change") -> str:
    return " ".join([change.table.replace("_", " "), *(_text(part) for part in change.key if part is not None)])


def _differences(change: "Change") -> Iterator[str]:
    """Every value that differs, such as `payouts.1.percent 10 → 15`."""
    before, after = (dict(_leaves(values, "")) for values in (change.before, change.after))
    for path in [*before, *(path for path in after if path not in before)]:
        if before.get(path) != after.get(path):
            yield f"{path.replace('__', ' ')} {_text(before.get(path))} → {_text(after.get(path))}"


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        children = value.items()
    elif isinstance(value, list):
        children = enumerate(value, 1)  # type: ignore[assignment]
    else:
        yield _as_written(path, value)
        return
    for name, child in children:
        yield from _leaves(child, f"{path}.{name}" if path else str(name))


def _as_written(path: str, value: Any) -> tuple[str, Any]:
    """Percentages and amounts as the program file has them."""
    from accredit.engine.program import PPM_PER_PERCENT
    from accredit.money import to_major

    *_, kind, name = ["", *path.split(".")]
    if name == "percent_ppm":
        return path.removesuffix("_ppm"), f"{(Decimal(value) / PPM_PER_PERCENT).normalize():f}"
    return path, to_major(value, name) if kind in ("fixed", "amount") else value


def _text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return "none" if value is None else str(value)
