"""Releasing what the intake holds, once the set-up is corrected."""

from collections.abc import Sequence

from django.db import transaction

from accredit.programs.models import Program
from accredit.programs.queries import program_by_code
from accredit.tracking import pending


def retry(code: str | None = None, reason: str | None = None, order_tokens: Sequence[str] = ()) -> dict[str, int]:
    """Have what is held wait for the worker again: of one program or of all, and as `pending.release` says; how many
    rows by program, without those of which there are none. Raises UnknownProgram."""
    programs = [program_by_code(code)] if code is not None else Program.objects.order_by("code")
    released = {}
    for program in programs:
        with transaction.atomic():
            moved = (
                pending.move_to_program(program.code, program.id) if reason in (None, pending.UNKNOWN_PROGRAM) else 0
            )
            released[program.code] = moved + pending.release(program.id, reason, order_tokens)
    return {code: rows for code, rows in released.items() if rows}
