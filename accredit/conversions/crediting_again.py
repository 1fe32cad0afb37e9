"""Deciding conversions anew, after the set-up was corrected or clicks came late. Decisions are added, never changed."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import polars as pl
from django.db import models, transaction
from django.db.models import Q
from psycopg import sql

from accredit.conversions import history
from accredit.conversions.models import REQUESTED, Cause, Conversion, Status, Way
from accredit.conversions.operations import OrdersNotPriced
from accredit.conversions.queries import items_that_hold
from accredit.conversions.rates import keep_rates, rate_ids
from accredit.conversions.recording import change_conversions, credited_columns, decision_rows, item_rows, shown_columns
from accredit.database.copy import copy_in, copy_out, text_array
from accredit.engine.deciding import Decided, decide
from accredit.engine.frames import CLICK_FIELDS, CONVERSIONS, ITEMS, MINOR, TEXT, Schema
from accredit.engine.trace import CommissionTooLarge
from accredit.programs.operations import lock_program
from accredit.programs.queries import program_by_code, program_value
from accredit.tracking.queries import journeys

BATCH_CONVERSIONS = 20_000
COMPARED = (
    "credited_to", "partner", "channel", "credited_click_id", "reason", "credited_promo_code", "credit_group", "terms",
    "terms_version", "blocked", "rate_id", "commission_minor",
)  # fmt: skip
"""A conversion has changed where one of these differs, or the rate or commission of one of its items."""
CREDIT = COMPARED[: COMPARED.index("credit_group")]
"""Those that say who is credited, and for what."""
CHANGES: Schema = {
    "event_type": TEXT,
    "order_token": TEXT,
    "currency": TEXT,
    "party_before": TEXT,  # partner:CODE, channel:CODE or none
    "party": TEXT,
    "commission_before_minor": MINOR,
    "commission_minor": MINOR,
    "customer_status_before": TEXT,
    "customer_status": TEXT,
}
_STORED: Schema = {
    "id": TEXT,
    "decision": pl.Int64(),
    "changes": pl.Int64(),
    **{name: dtype for name, dtype in CONVERSIONS.items() if name not in CLICK_FIELDS},
    **dict.fromkeys(CLICK_FIELDS, TEXT),
    **dict.fromkeys(COMPARED, TEXT),
}


@dataclass(frozen=True, slots=True)
class Selection:
    """Which conversions of a program: those of these order tokens (empty: all), of an event type, and of days in the
    program's time zone, the last one included."""

    order_tokens: Sequence[str] = ()
    event_type: str | None = None
    first_date: date | None = None
    last_date: date | None = None

    def of(self, program_id: UUID) -> models.QuerySet[Conversion]:
        """The conversions in question, whatever their status."""
        wanted = {
            "order_token__in": list(self.order_tokens) or None,
            "event_type": self.event_type,
            "occurred_date__gte": self.first_date,
            "occurred_date__lte": self.last_date,
        }
        found = {name: value for name, value in wanted.items() if value is not None}
        return Conversion.objects.filter(program_id=program_id, **found)

    def missing(self, program_id: UUID) -> list[str]:
        """The order tokens that no conversion in question has."""
        there = set(self.of(program_id).values_list("order_token", flat=True)) if self.order_tokens else set()
        return [token for token in self.order_tokens if token not in there]


@dataclass(frozen=True, slots=True)
class CreditedAgain:
    """`changes` (CHANGES); the others are as they were: `unchanged` ones would be decided in the same way, `closed`
    ones are approved or rejected, of those `without_clicks` the click that won is no longer there, `requested` ones
    are credited by a conversion request, and of `credited_otherwise`, where credit is to stay, it would not."""

    changes: pl.DataFrame
    unchanged: int = 0
    closed: int = 0
    without_clicks: int = 0
    requested: int = 0
    credited_otherwise: int = 0


def credit_again(
    code: str,
    selection: Selection,
    *,
    now: datetime,
    dry_run: bool = False,
    cause: Cause = Cause.CREDITED_AGAIN,
) -> Iterator[CreditedAgain]:
    """Decide the open conversions of a selection anew, in one transaction for each BATCH_CONVERSIONS; `dry_run` changes
    nothing. `cause`: RATED_AGAIN and MAPPED_AGAIN change only those whose credit stays. Raises UnknownProgram, and
    OrdersNotPriced for a batch whose commissions cannot be worked out."""
    program = program_by_code(code)
    selected = selection.of(program.id).order_by("occurred_at", "id")
    open_, requested = selected.filter(status=Status.OPEN), Q(reason__startswith=REQUESTED)
    ids = [str(key) for key in open_.exclude(requested).values_list("id", flat=True)]
    yield CreditedAgain(
        pl.DataFrame(schema=dict(CHANGES)),
        closed=selected.exclude(status=Status.OPEN).count(),
        requested=open_.filter(requested).count(),
    )
    for start in range(0, len(ids), BATCH_CONVERSIONS):
        with transaction.atomic():
            lock_program(code)
            yield _Batch(program.id, ids[start : start + BATCH_CONVERSIONS], cause).credit(now, dry_run=dry_run)


class _Batch:
    """Some conversions of a program whose lock is held, as they are stored."""

    def __init__(self, program_id: UUID, ids: Sequence[str], cause: Cause) -> None:
        self.program_id, self.cause = program_id, cause
        self.stored = _stored(program_id, ids)
        self.conversions = self.stored.select(*CONVERSIONS)
        self.stored_items = items_that_hold(program_id, self.stored["id"])
        self.items = self.stored_items.select(*ITEMS)

    def credit(self, now: datetime, *, dry_run: bool) -> CreditedAgain:
        clicks = journeys(self.program_id, self.conversions, archived=True)
        won = self.stored["credited_click_id"]
        gone = won.is_not_null() & ~won.is_in(clicks["click_id"].implode())
        decided = self._decide(clicks)
        rates = pl.Series("rate_id", [str(key) for key in rate_ids(decided.trace.rates)], dtype=TEXT)
        credited = credited_columns(decided, rates)
        otherwise = self._differing(credited, CREDIT) & ~gone & (self.cause != Cause.CREDITED_AGAIN)
        left = gone | otherwise
        changed = self._differs(decided, credited, rates) & ~left
        if not dry_run and changed.any():
            keep_rates(self.program_id, decided.trace.rates)
            self._write(decided, credited, rates, changed, now)
        return CreditedAgain(
            _changes(self.stored, credited, decided.conversions["customer_status"]).filter(changed),
            unchanged=int((~changed & ~left).sum()),
            without_clicks=int(gone.sum()),
            credited_otherwise=int(otherwise.sum()),
        )

    def _decide(self, clicks: pl.DataFrame) -> Decided:
        try:
            mapped = self.cause != Cause.MAPPED_AGAIN
            return decide(program_value(self.program_id), self.conversions, clicks, self.items, mapped=mapped)
        except CommissionTooLarge as error:
            raise OrdersNotPriced(self.conversions, error.conversions) from error

    def _differing(self, credited: pl.DataFrame, names: Sequence[str]) -> pl.Series:
        flags = pl.col("blocked").replace_strict({True: "t", False: "f"}, return_dtype=TEXT)
        after = credited.with_columns(flags).select(pl.col(names).cast(TEXT))
        differs = pl.repeat(False, len(after), eager=True)
        for name in names:
            differs |= self.stored[name].ne_missing(after[name])
        return differs

    def _differs(self, decided: Decided, credited: pl.DataFrame, rates: pl.Series) -> pl.Series:
        differs = self._differing(credited, COMPARED)
        differs |= self.stored["customer_status"].ne_missing(decided.conversions["customer_status"])
        priced = decided.trace.items
        lines = priced.select(
            "conversion",
            differs=rates.gather(priced["rate"]).ne_missing(self.stored_items["rate_id"])
            | priced["commission_minor"].ne_missing(self.stored_items["commission_minor"]),
        )
        of_lines = lines.filter("differs")["conversion"].unique()
        return differs | pl.int_range(len(differs), eager=True).is_in(of_lines.implode())

    def _write(
        self, decided: Decided, credited: pl.DataFrame, rates: pl.Series, changed: pl.Series, now: datetime
    ) -> None:
        ids, numbers = self.stored["id"], self.stored["decision"] + 1
        rows = decision_rows(self.program_id, decided, credited, ids, numbers, self.cause, None, now)
        copy_in("conversions_decision", rows.filter(changed))
        items = item_rows(self.program_id, decided, self.items, ids, numbers, rates)
        copy_in("conversions_item", items.filter(changed.gather(self.items["conversion"])))
        self._keep(changed, now)
        holds = credited.drop("currency", "turnover_minor")
        status = decided.conversions.select("customer_status")
        shown = pl.concat(
            [ids.to_frame("id"), numbers.to_frame("decision"), holds, status, *shown_columns(decided)],
            how="horizontal",
        )
        change_conversions(self.program_id, shown.filter(changed))

    def _keep(self, changed: pl.Series, now: datetime) -> None:
        rows = self.stored.filter(changed).select(
            "id",
            "changes",
            status_before=pl.lit(Status.OPEN.value),
            status=pl.lit(Status.OPEN.value),
            decision_before="decision",
            decision=pl.col("decision") + 1,
            rejection_reason=pl.lit(None, TEXT),
            comment=pl.lit(None, TEXT),
            source=pl.lit(None, TEXT),
        )
        history.keep(self.program_id, rows, history.Actor(Way.COMMAND), now=now)


def _stored(program_id: UUID, ids: Sequence[str]) -> pl.DataFrame:
    """Open conversions of these ids (_STORED), locked; of the fields that a click may give, what the order carried."""
    columns = [
        sql.SQL("order_fields ->> {} as {}").format(sql.Literal(name), sql.Identifier(name))
        if name in CLICK_FIELDS
        else history.CHANGES
        if name == "changes"
        else sql.Identifier(name)
        for name in _STORED
    ]
    query = sql.SQL(
        "select {} from conversions_conversion conversion where program_id = {} and id = any({}::uuid[])"
        " and status = {} order by occurred_at, id for update"
    )
    wanted = text_array(pl.Series(ids, dtype=TEXT))
    return copy_out(query.format(sql.SQL(", ").join(columns), program_id, wanted, Status.OPEN.value), _STORED)


def _changes(stored: pl.DataFrame, credited: pl.DataFrame, customer_status: pl.Series) -> pl.DataFrame:
    party = pl.coalesce(
        pl.concat_str(pl.lit("partner:"), "partner"), pl.concat_str(pl.lit("channel:"), "channel"), pl.lit("none")
    )
    return stored.select(
        "event_type",
        "order_token",
        "currency",
        party_before=party,
        party=credited.select(party).to_series(),
        commission_before_minor=pl.col("commission_minor").cast(MINOR),
        commission_minor=credited["commission_minor"],
        customer_status_before="customer_status",
        customer_status=customer_status,
    )
