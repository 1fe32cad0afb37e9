"""Validating conversions: approved or rejected, once. An approval books the commission in the ledger."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import polars as pl
from django.db import transaction

from accredit.conversions import history
from accredit.conversions.history import LAST_CHANGE, Actor
from accredit.conversions.models import Status
from accredit.conversions.recording import change_conversions
from accredit.database.keys import key_to_text
from accredit.engine.frames import MINOR, TEXT, Schema
from accredit.ledger.frames import POSTINGS, AccountKind, EntryKind
from accredit.ledger.operations import post
from accredit.programs.models import RejectionReason
from accredit.programs.operations import lock_program
from accredit.programs.queries import program_by_code

BATCH_CONVERSIONS = 10_000
ASKED: Schema = {
    "id": TEXT,  # the UUID of a conversion
    "status": TEXT,  # approved or rejected
    "rejection_reason": TEXT,  # a code of the program's
    "comment": TEXT,  # of a rejection, for the partner
    "decision": pl.Int64(),  # the number of the decision that was looked at; null: whichever counts
    "source": TEXT,  # where it stood, such as the file and its row
}
CHANGES: Schema = {
    "id": TEXT,
    "event_type": TEXT,
    "order_token": TEXT,
    "changes": pl.Int64(),  # how many there were before
    "status": TEXT,
    "rejection_reason": TEXT,
    "comment": TEXT,
    "source": TEXT,
    "decision": pl.Int64(),
    "partner": TEXT,
    "currency": TEXT,
    "commission_minor": MINOR,
}
UNCHANGED: Schema = {
    "id": TEXT,
    "event_type": TEXT,
    "order_token": TEXT,
    "source": TEXT,
    "why": TEXT,  # a code of WHY
    "status": TEXT,  # which it has
    **LAST_CHANGE,  # who was first, through what and when; null where that is not known or nobody was
}
WHY = {
    "unknown": "The program has no such conversion",
    "named_twice": "It is named more than once",
    "validated": "It was validated before",
    "status": "It can become approved or rejected, and nothing else",
    "reason_missing": "A rejection needs one of the program's reasons",
    "reason_unknown": "The program has no such rejection reason",
    "reason_of_approval": "Reason and comment are for rejections alone",
    "changed_since": "It was changed after it was looked at: look again",
}
"""Why a conversion did not change. The codes are for programs, the sentences for people."""


@dataclass(frozen=True, slots=True)
class Planned:
    """What changes (CHANGES) and what does not, with why (UNCHANGED), in the order asked."""

    changes: pl.DataFrame
    unchanged: pl.DataFrame


def plan(stored: pl.DataFrame, asked: pl.DataFrame, reasons: Collection[str]) -> Planned:
    """What comes of validating conversions (`history.STORED`) as ASKED, in a program with these rejection reasons."""
    rows = asked.with_columns(named_twice=pl.col("id").is_duplicated()).join(
        stored.rename({"status": "status_before", "decision": "decision_before"}),
        on="id",
        how="left",
        maintain_order="left",
    )
    rejected = pl.col("status") == Status.REJECTED.value
    reason = pl.col("rejection_reason")
    refused = {
        "unknown": pl.col("status_before").is_null(),
        "named_twice": pl.col("named_twice"),
        "validated": pl.col("status_before") != Status.OPEN.value,
        "status": ~pl.col("status").is_in([Status.APPROVED.value, Status.REJECTED.value]).fill_null(False),
        "reason_missing": rejected & reason.is_null(),
        "reason_unknown": rejected & ~reason.is_in(sorted(reasons)),
        "reason_of_approval": ~rejected & (reason.is_not_null() | pl.col("comment").is_not_null()),
        "changed_since": pl.col("decision") != pl.col("decision_before"),
    }
    whys = [pl.when(condition).then(pl.lit(why)) for why, condition in refused.items()]
    rows = rows.with_columns(why=pl.coalesce(whys))
    return Planned(
        rows.filter(pl.col("why").is_null()).with_columns(decision="decision_before").select(*CHANGES),
        rows.filter(pl.col("why").is_not_null()).with_columns(status="status_before").select(*UNCHANGED),
    )


def validate(
    code: str, asked: pl.DataFrame, actor: Actor, *, now: datetime, dry_run: bool = False
) -> Iterator[Planned]:
    """Validate conversions as ASKED, in one transaction for each of the `batches`; `dry_run` changes nothing. Whatever
    interrupts it: do it again, and what was done is told as validated. Raises UnknownProgram."""
    program_id = program_by_code(code).id
    for batch in batches(asked):
        with transaction.atomic():
            planned = validate_batch(program_id, code, batch, actor, now=now, dry_run=dry_run)
        yield planned


def batches(asked: pl.DataFrame) -> Sequence[pl.DataFrame]:
    """ASKED in parts that are transactions: what is named twice together, then BATCH_CONVERSIONS each."""
    twice = asked["id"].is_duplicated()
    return [
        *([asked.filter(twice)] if twice.any() else []),
        *asked.filter(~twice).iter_slices(BATCH_CONVERSIONS),
    ]


def validate_batch(
    program_id: UUID, code: str, batch: pl.DataFrame, actor: Actor, *, now: datetime, dry_run: bool = False
) -> Planned:
    """Validate one of the `batches`, within the transaction that is open."""
    if not dry_run:
        lock_program(code)
    stored = history.stored(program_id, batch["id"], last=history.VALIDATION, lock=not dry_run)
    reasons = RejectionReason.objects.filter(program=program_id).values_list("code", flat=True)
    planned = plan(stored, batch, set(reasons))
    if not dry_run and len(planned.changes):
        _write(program_id, planned.changes, actor, now)
    return planned


def _write(program_id: UUID, changes: pl.DataFrame, actor: Actor, now: datetime) -> None:
    kept = changes.with_columns(status_before=pl.lit(Status.OPEN.value), decision_before="decision")
    history.keep(program_id, kept, actor, now=now)
    change_conversions(program_id, changes.select("id", "status", "rejection_reason", rejection_comment="comment"))
    approved = changes.filter(pl.col("status") == Status.APPROVED.value)
    post(program_id, postings(approved, EntryKind.APPROVAL, now), now=now)


def postings(rows: pl.DataFrame, kind: EntryKind, now: datetime) -> pl.DataFrame:
    """The POSTINGS of commissions that decisions changed by commission_minor: what is above zero the partner earns,
    what is below zero goes back, and zero is not posted. `rows`: id, decision, partner, currency, commission_minor."""
    booked = rows.filter((pl.col("commission_minor") != 0) & pl.col("partner").is_not_null())
    cause = pl.Series(
        [f"{key_to_text('cv', UUID(key))} {number}" for key, number in booked.select("id", "decision").iter_rows()],
        dtype=TEXT,
    )
    owes, earned = pl.lit(AccountKind.ADVERTISER_OWES.value), pl.lit(AccountKind.PARTNER_EARNED.value)
    earns = pl.col("commission_minor") > 0
    return booked.select(
        pl.format("{} {}", pl.lit(kind.value), cause).alias("key"),
        pl.lit(now).dt.convert_time_zone("UTC").alias("occurred_at"),
        pl.lit(kind.value).alias("kind"),
        cause.alias("cause"),
        "currency",
        from_kind=pl.when(earns).then(owes).otherwise(earned),
        from_partner=pl.when(~earns).then("partner"),
        to_kind=pl.when(earns).then(earned).otherwise(owes),
        to_partner=pl.when(earns).then("partner"),
        amount_minor=pl.col("commission_minor").abs(),
    ).cast(dict(POSTINGS))  # type: ignore[arg-type]
