"""Changing a part of an installed program, as pages do: the values of its program file are edited, and take the way of
every program file, through its checks and `apply_program`. So no rule is stated here."""

import hashlib
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from django.db import transaction

from accredit.access import audit
from accredit.access.models import Organization, OrganizationKind, User
from accredit.engine.program import Program
from accredit.files.program_file import program_of, values_of
from accredit.programs import models as tables
from accredit.programs.operations import Change, apply_program, lock_program
from accredit.programs.queries import UnknownProgram, installed, program_by_code
from accredit.programs.rows import Key, from_rows

Values = dict[str, Any]
"""What a program file holds: tables, lists, texts, numbers, instants."""


CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
"""Of what has a code in addresses."""
NOT_CODES = ("new",)
"""What addresses say instead of a code."""


class PartChanged(Exception):
    """Somebody else changed what is edited after it was shown. Nothing was changed."""


class ProgramTaken(ValueError):
    """A program of this code is installed already, be it in other capitals."""


class ProgramCodeRefused(ValueError):
    """A new program cannot have this code."""


class AdvertiserTaken(ValueError):
    """An organization of the new advertiser's code is there already."""


class OtherProgram(ValueError):
    """A program file is of another program or of another advertiser than the one that it was given for."""


@dataclass(frozen=True, slots=True)
class Setup:
    """An installed program as a page edits it: its values, and the ids of its rows by table and key."""

    program: Program
    values: Values
    ids: Mapping[str, Mapping[Key, UUID]]


def setup_of(code: str) -> Setup:
    """The set-up of an installed program. Raises UnknownProgram."""
    found = installed(code)
    if found is None:
        raise UnknownProgram(code)
    program = from_rows(code, found.rows)
    return Setup(program, values_of(program), found.ids)


def digest(part: Any) -> str:
    """By which a form knows whether what it showed still holds."""
    return hashlib.sha256(json.dumps(part, default=str, sort_keys=True).encode()).hexdigest()[:32]


def change_program(
    code: str,
    *,
    edit: Callable[[Setup], None],
    accept: Callable[[Sequence[Change]], bool],
    actor: User | None,
    now: datetime,
) -> tuple[Sequence[Change], bool]:
    """What an edit of the values changes, and whether it was done: only where `accept` says so. The edit sees what is
    installed, which stays so until the end. Raises what the edit raises, ValuesRefused for values that are wrong,
    ChangesRefused for what history forbids; then nothing is changed."""
    with transaction.atomic():
        # Two who edit one program take turns, so that what an edit compares is still so when it is applied.
        lock_program(code)
        setup = setup_of(code)
        edit(setup)
        changes = apply_program(_same(program_of(setup.values), setup.program))
        accepted = accept(changes)
        if not accepted:
            transaction.set_rollback(True)
        elif changes:
            program = program_by_code(code)
            audit.record(
                actor=actor, action="set_up_changed", program=program, subject=code, detail=told(changes), now=now
            )
    return changes, accepted


def _same(proposed: Program, program: Program) -> Program:
    if (proposed.code, proposed.advertiser) != (program.code, program.advertiser):
        raise OtherProgram(
            f"The file is of the program {proposed.code!r} of {proposed.advertiser!r}; this is {program.code!r} of"
            f" {program.advertiser!r}."
        )
    return proposed


def add_program(
    program: Program, *, advertiser_name: str | None, agency: Organization | None, actor: User, now: datetime
) -> tables.Program:
    """Install a new program. `advertiser_name`: of an advertiser that is new; None: it is there. Raises ProgramTaken,
    ProgramCodeRefused, AdvertiserTaken and AdvertiserRefused."""
    with transaction.atomic():
        _take_code(program.code)
        if advertiser_name is not None:
            _, made = Organization.objects.get_or_create(
                code=program.advertiser, defaults={"kind": OrganizationKind.ADVERTISER, "name": advertiser_name}
            )
            if not made:
                raise AdvertiserTaken(program.advertiser)
        changes = apply_program(program)
        row = program_by_code(program.code)
        row.agency = agency
        row.save(update_fields=["agency"])
        audit.record(
            actor=actor,
            action="program_added",
            program=row,
            organization=row.advertiser,
            subject=program.code,
            detail=told(changes),
            now=now,
        )
    return row


def fits_addresses(code: str) -> bool:
    """Whether something new may have this code: it stands in links, and people type it. What is there keeps its."""
    return bool(CODE.fullmatch(code)) and code.lower() not in NOT_CODES


def _take_code(code: str) -> None:
    """Hold the code for a new program until the end of the transaction. Raises ProgramCodeRefused and ProgramTaken."""
    if not fits_addresses(code):
        raise ProgramCodeRefused(
            f"A new program cannot have the code {code!r}: a code is of letters from a to z, digits, and - _ . between"
            " them; `new` means something else in addresses."
        )
    lock_program(code)
    lock_program(code.lower())
    if taken := tables.Program.objects.filter(code__iexact=code).first():
        raise ProgramTaken(f"There is a program {taken.code!r} already: codes differ by more than capitals.")


def apply_file(program: Program, *, now: datetime) -> Sequence[Change]:
    """As `apply_program`, by a command of whoever runs Accredit: the audit log says so. Raises ProgramTaken and
    ProgramCodeRefused besides."""
    with transaction.atomic():
        if not tables.Program.objects.filter(code=program.code).exists():
            _take_code(program.code)
        changes = apply_program(program)
        if changes:
            is_new = any(change.table == "program" and change.before is None for change in changes)
            row = program_by_code(program.code)
            audit.record(
                actor=None,
                action="program_added" if is_new else "set_up_changed",
                program=row,
                organization=row.advertiser if is_new else None,
                subject=program.code,
                detail=told(changes),
                now=now,
            )
    return changes


def told(changes: Sequence[Change]) -> Mapping[str, Any]:
    """Changes as the audit log keeps them."""
    return {
        "changes": [
            {
                "table": change.table,
                "key": [_json(part) for part in change.key],
                "before": _row(change.before),
                "after": _row(change.after),
            }
            for change in changes
        ]
    }


def _row(row: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return None if row is None else {name: _json(value) for name, value in row.items()}


def _json(value: Any) -> Any:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else value
