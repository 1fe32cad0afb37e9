"""What is installed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import models

from accredit.engine.program import Program
from accredit.programs import models as tables
from accredit.programs.rows import Key, Row, Rows, from_rows


class UnknownProgram(LookupError):
    """No program of this code is installed."""

    def __init__(self, code: str) -> None:
        known = tables.Program.objects.order_by("code").values_list("code", flat=True)[:20]
        there = f"There are: {', '.join(known)}" if known else "There is none yet"
        super().__init__(f"There is no program {code!r}. {there}; `accredit program apply FILE` installs one.")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of the set-up: its model, the way to its program, the names of its key and of what a row has beside it
    (see `rows.to_rows`), and how it is ordered: as it was made, and periods by time."""

    model: type[models.Model]
    program: str
    key: tuple[str, ...]
    values: tuple[str, ...]
    order: str = "id"


_LADDER = ("credit_group", "referral_window_days")
TABLES: Mapping[str, Table] = {
    "event_type": Table(tables.EventType, "program", ("code",), ("customer_status", "approve_after_days")),
    "partner": Table(tables.Partner, "program", ("code",), ("name",)),
    "channel": Table(tables.Channel, "program", ("code",), ("name", *_LADDER)),
    "ad": Table(tables.Ad, "program", ("code",), ("name", "landing_page")),
    "project": Table(tables.Project, "program", ("code",), ("name", "partner__code")),
    "rejection_reason": Table(tables.RejectionReason, "program", ("code",), ("title_de", "title_en")),
    "terms": Table(
        tables.TermsVersion,
        "program",
        ("code", "version"),
        ("payouts", "modification_starts_at", "early_opt_in", "comment"),
    ),
    "contract": Table(tables.Contract, "partner__program", ("partner__code",), ("labels",)),
    "contract_period": Table(
        tables.ContractPeriod,
        "contract__partner__program",
        ("contract__partner__code", "starts_at"),
        ("ends_at", "terms_version__code", "terms_version__version", *_LADDER),
        "starts_at",
    ),
    "channel_period": Table(
        tables.ChannelPeriod, "channel__program", ("channel__code", "starts_at"), ("ends_at", *_LADDER), "starts_at"
    ),
    "promo_code": Table(
        tables.PromoCode,
        "program",
        ("match", "code", "starts_at"),
        ("partner__code", "policy", "ends_at", "normalized_code"),
    ),
}
"""In an order in which each refers to earlier ones only; in the program's own table there is but one row."""

PROGRAM_VALUES = (
    "name", "advertiser__code", "currency", "timezone", "referral_window_days", "foreign_promo_code", "attribution",
    "approval_reminder_days", "allowed_hosts", "click_parameter", "fallback_page", "retention_days", "hold_unsigned",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Installed:
    """A program as it is installed: its rows as `rows.to_rows` writes them, and their ids by table and key."""

    rows: Mapping[str, Rows]
    ids: Mapping[str, Mapping[Key, UUID]]


def installed(code: str) -> Installed | None:
    """The set-up of a program, read with one query a table; None where no such program is installed."""
    program = tables.Program.objects.filter(code=code).values("id", *PROGRAM_VALUES).first()
    if program is None:
        return None
    rows: dict[str, Rows] = {"program": {(): {name: program[name] for name in PROGRAM_VALUES}}}
    ids: dict[str, Mapping[Key, UUID]] = {"program": {(): program["id"]}}
    for name, table in TABLES.items():
        found = _read(table, program["id"])
        rows[name] = {key: row for key, row, _ in found}
        ids[name] = {key: row_id for key, _, row_id in found}
    return Installed(rows, ids)


def _read(table: Table, program_id: UUID) -> Sequence[tuple[Key, Row, UUID]]:
    found: models.QuerySet[Any, tuple[Any, ...]] = (
        table.model._default_manager.filter(**{table.program: program_id})
        .order_by(table.order)
        .values_list("id", *table.key, *table.values)
    )
    width = len(table.key)
    return [(row[1 : width + 1], dict(zip(table.values, row[width + 1 :], strict=True)), row[0]) for row in found]


def program_by_code(code: str) -> tables.Program:
    """The installed program. Raises UnknownProgram."""
    try:
        return tables.Program.objects.get(code=code)
    except tables.Program.DoesNotExist:
        raise UnknownProgram(code) from None


def program_value(program_id: UUID) -> Program:
    """The set-up of an installed program, as the engine takes it. Raises Program.DoesNotExist."""
    code = tables.Program.objects.values_list("code", flat=True).get(id=program_id)
    found = installed(code)
    if found is None:
        raise tables.Program.DoesNotExist(f"the program {code!r} was removed")
    return from_rows(code, found.rows)
