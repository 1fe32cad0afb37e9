"""Changing the set-up of programs: what would change, and doing it in one step."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import Any
from uuid import UUID

import psycopg
from django.db import IntegrityError, connection, models, transaction
from django.utils.translation import gettext_noop

from accredit.access.models import Organization, OrganizationKind
from accredit.access.operations import OrganizationRefused, organization_by_code
from accredit.engine.program import Program
from accredit.files.errors import suggestion
from accredit.programs import models as tables
from accredit.programs.queries import TABLES, Installed, installed, program_by_code
from accredit.programs.rows import Key, Row, Rows, to_rows

REFUSALS = {
    "program_in_use": gettext_noop(
        "The program has conversions: its currency and its time zone stay. Install another program."
    ),
    "conversion_event_type": gettext_noop("There are conversions of this event type: it stays."),
    "conversion_partner": gettext_noop("Conversions are credited to this partner: it stays. End its contract instead."),
    "request_event_type": gettext_noop("There are conversion requests of this event type: it stays."),
    "request_partner": gettext_noop(
        "There are conversion requests of this partner: it stays. End its contract instead."
    ),
    "conversion_channel": gettext_noop(
        "Conversions are credited to this channel: it stays. Let its last period end instead."
    ),
    "change_rejection_reason": gettext_noop("Conversions were rejected for this reason: it stays."),
    "terms_version_in_use": gettext_noop(
        "A contract period uses this version: it stays as it is. Add another version."
    ),
    "contract_period_in_use": gettext_noop(
        "Conversions up to {until} are credited by it: up to then it stays as it is. Let it end"
        " later than that, and begin another period there."
    ),
    "channel_period_in_use": gettext_noop(
        "Conversions up to {until} are credited by it: up to then it stays as it is. Let it end"
        " later than that, and begin another period there."
    ),
    "channel_in_use": gettext_noop(
        "Conversions up to {until} are credited to this channel: up to then its credit group and its"
        " window stay. Give it a period with them that ends later than that, and another one from there."
    ),
    "promo_code_in_use": gettext_noop(
        "Conversions up to {until} are credited by it: up to then it stays as it is. Let it end later"
        " than that, and begin another definition there."
    ),
}
"""What the database refuses, by the name of the constraint or trigger (see the migrations) → why, and what to do."""

DATED = ("contract_period", "channel_period", "promo_code")
"""Tables whose rows must not overlap in time: what is removed makes room first."""

OVERLAPS = ("contract_periods_overlap", "channel_periods_overlap", "promo_codes_overlap")
"""By which the database refuses that."""

REFERENCES = {
    "partner_id": ("partner", ("partner__code",)),
    "channel_id": ("channel", ("channel__code",)),
    "contract_id": ("contract", ("contract__partner__code",)),
    "terms_version_id": ("terms", ("terms_version__code", "terms_version__version")),
}
"""Column → the table that it refers to, and the values that are that table's key."""


@dataclass(frozen=True, slots=True)
class Change:
    """A row that is added (`before` is None), changed, or removed (`after` is None). Keys and values as in
    `rows.to_rows`."""

    table: str
    key: Key
    before: Row | None
    after: Row | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """A change that history forbids. `code`: a key of REFUSALS; `until`: the instant that it speaks of, if it does."""

    change: Change
    code: str
    until: str

    @property
    def message(self) -> str:
        return REFUSALS[self.code].format(until=self.until)


class ChangesRefused(Exception):
    """History forbids some of the changes, so none was made."""

    def __init__(self, changes: Sequence[Change], refusals: Sequence[Refusal]) -> None:
        self.changes = changes
        self.refusals = refusals
        super().__init__(" ".join(refusal.message for refusal in refusals))


class AdvertiserRefused(ValueError):
    """The program file names as its advertiser what cannot be one."""


def lock_program(code: str) -> None:
    """Hold the program until the end of the transaction. Whoever changes its set-up and whoever credits by it does so
    one after the other: no conversion is credited by a set-up that is being rewritten."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('program ' || %s, 0))", [code])


def try_lock_program(code: str) -> bool:
    """Hold the program as `lock_program` does, unless somebody else holds it; whether it is held now."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_xact_lock(hashtextextended('program ' || %s, 0))", [code])
        return bool(cursor.fetchone()[0])


def plan_program(program: Program) -> Sequence[Change]:
    """What would change in the installed program: additions and changes before removals. Empty: nothing."""
    return _compare(installed(program.code), program)


def _compare(found: Installed | None, program: Program) -> Sequence[Change]:
    proposed = to_rows(program)
    return list(chain.from_iterable(_differences(table, found, proposed) for table in proposed))


def _differences(table: str, found: Installed | None, proposed: Mapping[str, Rows]) -> Iterator[Change]:
    before: Rows = found.rows[table] if found else {}
    after = proposed[table]
    for key in chain(before, (key for key in after if key not in before)):
        if before.get(key) != after.get(key):
            yield Change(table, key, before.get(key), after.get(key))


def apply_program(program: Program) -> Sequence[Change]:
    """Make the installed program as `program` says, in one transaction, and return what changed: nothing the second
    time. Raises ChangesRefused with everything that history forbids (nothing is changed then) and AdvertiserRefused."""
    with transaction.atomic():
        lock_program(program.code)
        found = installed(program.code)
        changes = _compare(found, program)
        if changes:
            refusals = _Writing(program.code, found).write(changes)
            if refusals:
                raise ChangesRefused(changes, refusals)
    return changes


def check_program(program: Program) -> tuple[Sequence[Change], Sequence[Refusal]]:
    """What `apply_program` would change, and what of that history forbids: it is tried, and taken back."""
    with transaction.atomic():
        try:
            with transaction.atomic():
                changes = apply_program(program)
                transaction.set_rollback(True)
        except ChangesRefused as error:
            return error.changes, error.refusals
    return changes, ()


class _Writing:
    """Writes changes, in an order in which nothing refers to what is not there and no two periods overlap."""

    def __init__(self, code: str, found: Installed | None) -> None:
        self.code = code
        self.ids: dict[str, dict[Key, UUID]] = {name: {} for name in ("program", *TABLES)}
        if found:
            self.ids = {name: dict(ids) for name, ids in found.ids.items()}
        self.refusals: list[Refusal] = []

    def write(self, changes: Sequence[Change]) -> Sequence[Refusal]:
        """Writes what may be written, and returns what may not: then the transaction must be rolled back."""
        removals = [change for change in changes if change.after is None]
        for change in changes:
            if change.table == "program":
                self._try(change, partial(self._write_program, change))
        for change in removals:
            if change.table in DATED:
                self._try(change, partial(self._remove, change))
        for name in TABLES:
            of_table = [change for change in changes if change.table == name]
            for change in of_table:
                if change.before is not None and change.after is not None:
                    self._try(change, partial(self._change, change))
            self._add([change for change in of_table if change.before is None])
        for change in reversed(removals):
            if change.table not in DATED:
                self._try(change, partial(self._remove, change))
        return self.refusals

    def _try(self, change: Change, write: Callable[[], None]) -> None:
        try:
            with transaction.atomic():
                write()
        except models.ProtectedError:
            if not self.refusals:  # else what may not go holds on to it
                raise
        except IntegrityError as error:
            if not isinstance(error.__cause__, psycopg.Error):
                raise
            said = error.__cause__.diag
            code = said.constraint_name
            if code in REFUSALS:
                until = (said.message_detail or "") if "{until}" in REFUSALS[code] else ""
                self.refusals.append(Refusal(change, code, until))
            elif not (self.refusals and code in OVERLAPS):  # what may not go is in the way of what comes
                raise

    def _write_program(self, change: Change) -> None:
        values = dict(change.after or {})
        values["advertiser_id"] = _advertiser(values.pop("advertiser__code")).id
        row, _ = tables.Program.objects.update_or_create(code=self.code, defaults=values)
        self.ids["program"] = {(): row.id}

    def _add(self, changes: Sequence[Change]) -> None:
        """In one statement; periods of channels one after the other, since the first one may be refused."""
        if changes and changes[0].table == "channel_period":
            for change in sorted(changes, key=lambda change: change.key):
                self._try(change, partial(self._insert, [change]))
        elif changes:
            self._try(changes[0], partial(self._insert, changes))

    def _insert(self, changes: Sequence[Change]) -> None:
        name = changes[0].table
        model = TABLES[name].model
        rows = [model(**self._columns(change)) for change in changes]
        model._default_manager.bulk_create(rows)
        self.ids[name].update((change.key, row.pk) for change, row in zip(changes, rows, strict=True))

    def _change(self, change: Change) -> None:
        self._row(change).update(**self._columns(change))

    def _remove(self, change: Change) -> None:
        self._row(change).delete()

    def _row(self, change: Change) -> models.QuerySet[models.Model]:
        return TABLES[change.table].model._default_manager.filter(pk=self.ids[change.table][change.key])

    def _columns(self, change: Change) -> dict[str, Any]:
        """The columns of a row, with ids instead of the codes that it refers to."""
        table = TABLES[change.table]
        columns = {**dict(zip(table.key, change.key, strict=True)), **(change.after or {})}
        for column, (other, names) in REFERENCES.items():
            if names[0] in columns:
                key = tuple(columns.pop(name) for name in names)
                columns[column] = None if key == (None,) else self.ids[other][key]
        if table.program == "program":
            columns["program_id"] = self.ids["program"][()]
        return columns


def _advertiser(code: str) -> Organization:
    """The organization of this code, made where there is none."""
    longest = Organization._meta.get_field("code").max_length
    if longest is not None and len(code) > longest:
        raise AdvertiserRefused(
            f"The advertiser {code[:40]!r}… has {len(code)} characters; at most {longest} are allowed."
        )
    organization, _ = Organization.objects.get_or_create(
        code=code, defaults={"kind": OrganizationKind.ADVERTISER, "name": code}
    )
    if organization.kind != OrganizationKind.ADVERTISER:
        raise AdvertiserRefused(
            f"{code!r} is installed as {organization.get_kind_display()}, not as an advertiser: name another one."
        )
    return organization


def attach_organization(*, code: str, program: str, partner: str | None) -> None:
    """Let the members of an organization see a program: as one of its partners, or as its agency where `partner` is
    None. Whoever had that place before loses it. Raises OrganizationRefused, also for an organization of another kind
    and an unknown partner, and UnknownProgram."""
    organization = organization_by_code(code)
    found = program_by_code(program)
    kind = OrganizationKind.AGENCY if partner is None else OrganizationKind.PARTNER
    if organization.kind != kind:
        raise OrganizationRefused(
            f"{code!r} is installed as {organization.get_kind_display()}, so it cannot be the {kind.label} of a program"
        )
    if partner is None:
        found.agency = organization
        found.save(update_fields=["agency"])
    elif not tables.Partner.objects.filter(program=found, code=partner).update(organization=organization):
        codes = tables.Partner.objects.filter(program=found).values_list("code", flat=True)
        raise OrganizationRefused(f"The program {program!r} has no partner {partner!r}. {suggestion(partner, codes)}")
