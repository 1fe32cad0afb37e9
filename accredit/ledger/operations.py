"""Writing the ledger. Everything posted stays; what was wrong is reversed.

Each operation holds the ledger of the program until the end of the transaction. Whoever also holds the program
(`programs.operations.lock_program`) takes that lock first.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime
from uuid import UUID

import polars as pl
from django.db import connection, transaction
from psycopg import sql

from accredit.database.copy import copy_in, copy_out, text_array
from accredit.database.new_keys import keys_at
from accredit.engine.frames import TEXT
from accredit.ledger.frames import ENTRY_FIELDS, PARTNER_KINDS, POSTED, POSTINGS, AccountKind, EntryKind
from accredit.ledger.queries import balance_rows, end_of_month, month_to_close
from accredit.money import MAX_AMOUNT_MINOR, decimals_by_currency

REASONS = {
    "incomplete": "It lacks a key, a cause or an instant",
    "entry_kind": "Its kind is none of an entry that is posted",
    "currency": "Its currency is none of ISO 4217 that has minor units",
    "not_yet": "It occurred later than now",
    "accounts": "It does not go from one account to another, each with a partner exactly where its kind has one",
    "amount": f"An amount is not between 1 and {MAX_AMOUNT_MINOR:,} minor units",
    "differing": "Its postings differ in time, kind, cause or currency",
    "other_content": "Its key is posted with other content, which stays",
    "month_closed": "It lies in a month that is closed; post it with a later time",
}
"""Why an entry is refused."""

_ACCOUNT = {"kind": TEXT, "partner": TEXT, "currency": TEXT}
_ROWS = {**POSTINGS, "reverses": pl.Int64()}
_REFUSED = {"key": TEXT, "reason": TEXT}


class EntriesRefused(ValueError):
    """Entries that cannot be posted: then none of their batch was. `refusals`: key, and reason as in REASONS."""

    def __init__(self, refusals: pl.DataFrame) -> None:
        self.refusals = refusals
        shown = [f"{key!r}: {REASONS[reason]}." for key, reason in refusals.head(10).iter_rows()]
        more = f" And {len(refusals) - len(shown):,} more." if len(refusals) > len(shown) else ""
        super().__init__(f"Nothing was posted. {' '.join(shown)}{more}")


class UnknownEntries(LookupError):
    """Some numbers name no entry of the program's ledger."""


class MonthStaysOpen(ValueError):
    """A month that cannot be closed. The message says why."""


def post(program_id: UUID, postings: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    """Post journal entries (POSTINGS, those of one key are one entry) and return their numbers (POSTED). What was
    posted already with the same key and content changes nothing. Raises EntriesRefused; then nothing is posted."""
    rows = postings.select(*POSTINGS, pl.lit(None, pl.Int64).alias("reverses"))
    return _post(program_id, rows, now=now.astimezone(UTC))


def reverse(program_id: UUID, entries: Sequence[int], *, cause: str, now: datetime) -> pl.DataFrame:
    """Take entries back, each by an entry whose postings go the other way, now, and return the numbers of those
    (POSTED). What was reversed already for the same cause changes nothing. Raises UnknownEntries, and EntriesRefused
    where one was reversed for another cause: then none is reversed."""
    now = now.astimezone(UTC)
    numbers = pl.DataFrame({"reverses": entries}, schema={"reverses": pl.Int64}).unique(maintain_order=True)
    with transaction.atomic():
        _lock(program_id)
        found = _content(program_id, numbers["reverses"]).drop("reverses")
        unknown = numbers.join(found, left_on="reverses", right_on="number", how="anti")["reverses"]
        if len(unknown):
            raise UnknownEntries(
                f"The ledger has no entries {', '.join(map(str, unknown[:10]))}: {len(unknown)} in all"
            )
        reversals = numbers.join(found, left_on="reverses", right_on="number", maintain_order="left")
        # A repeated call comes later than the first one; what counts is when that one came.
        first = (
            _content(program_id, _numbers(program_id, "reverses", numbers["reverses"]))
            .select("reverses", first="occurred_at")
            .unique()
        )
        rows = reversals.join(first, on="reverses", how="left", maintain_order="left").select(
            pl.format("reversal of {}", "reverses").alias("key"),
            pl.col("first").fill_null(now).alias("occurred_at"),
            pl.lit(EntryKind.REVERSAL.value).alias("kind"),
            pl.lit(cause).alias("cause"),
            "currency",
            from_kind="to_kind",
            from_partner="to_partner",
            to_kind="from_kind",
            to_partner="from_partner",
            amount_minor="amount_minor",
            reverses="reverses",
        )
        return _post(program_id, rows, now=now)


def close_month(program_id: UUID, month: date, *, now: datetime) -> bool:
    """Close the month (UTC) that begins on this day: nothing is posted into it any more, and its balances are kept.
    False where it is closed already. Raises MonthStaysOpen while it runs, and where another month comes first."""
    if month.day != 1:
        raise MonthStaysOpen(f"{month} is no first day of a month")
    with transaction.atomic(), connection.cursor() as cursor:
        _lock(program_id)
        due = month_to_close(program_id)
        if due is None:
            raise MonthStaysOpen("Nothing was posted yet, so there is no month to close")
        if month < due:
            cursor.execute("select from ledger_month where program_id = %s and month = %s", [program_id, month])
            if cursor.rowcount:
                return False
        if month != due:
            raise MonthStaysOpen(f"{month:%Y-%m} is not the month to close next: {due:%Y-%m} is")
        ends_at = end_of_month(month)
        if now < ends_at:
            raise MonthStaysOpen(f"{month:%Y-%m} runs until {ends_at:%Y-%m-%d %H:%M} UTC: close it then")
        cursor.execute(
            "insert into ledger_month (program_id, month, closed_at) values (%s, %s, %s)", [program_id, month, now]
        )
        closing = sql.SQL(
            "insert into ledger_closing (program_id, month, account, balance_minor)"
            " select {}, {}, id, balance_minor from ({}) balance"
        )
        cursor.execute(closing.format(program_id, month, balance_rows(program_id, partner=None, until=ends_at)))
    return True


def close_what_was_over(program_id: UUID, *, over_at: datetime, now: datetime) -> Sequence[date]:
    """Close every month that was over at an instant, the earliest open one first, and return them."""
    closed = []
    while (due := month_to_close(program_id)) and end_of_month(due) <= over_at:
        if close_month(program_id, due, now=now):
            closed.append(due)
    return closed


def _lock(program_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute("select ledger_lock(%s)", [program_id])


def _post(program_id: UUID, rows: pl.DataFrame, *, now: datetime) -> pl.DataFrame:
    keys = rows["key"].unique(maintain_order=True)
    with transaction.atomic():
        # Two sessions that post the same keys: the second one finds them. Numbers have no gaps.
        _lock(program_id)
        known = _content(program_id, _numbers(program_id, "key", keys))
        new = rows.join(known, on="key", how="anti", maintain_order="left")
        refusals = pl.concat([
            _because("other_content", _differing(rows.join(known, on="key", how="semi"), known)),
            _because("month_closed", new.filter(pl.col("occurred_at") < _open_since(program_id))),
            *(_because(reason, new.filter(~rule.fill_null(False))) for reason, rule in _right(now).items()),
        ])  # fmt: skip
        if len(refusals):
            raise EntriesRefused(refusals)
        numbers = _write(program_id, new, now) if len(new) else known.select("key", "number").clear()
    numbered = pl.concat([known.select("key", "number").unique(), numbers])
    return (
        pl.DataFrame({"key": keys}, schema={"key": TEXT})
        .join(numbered, on="key", how="left", maintain_order="left")
        .select("key", entry="number", new=pl.col("key").is_in(numbers["key"].implode()))
        .cast(dict(POSTED))  # type: ignore[arg-type]
    )


def _right(now: datetime) -> dict[str, pl.Expr]:
    """What holds of postings that can be posted at all, by the reason of those that cannot."""
    kind, reverses = pl.col("kind"), pl.col("reverses")
    return {
        "incomplete": (pl.col("key") != "") & (pl.col("cause") != "") & pl.col("occurred_at").is_not_null(),
        "entry_kind": kind.is_in(list(EntryKind)) & (kind.eq(EntryKind.REVERSAL.value) == reverses.is_not_null()),
        "currency": pl.col("currency").is_in(list(decimals_by_currency())),
        "not_yet": pl.col("occurred_at") <= now,
        "accounts": _is_account("from")
        & _is_account("to")
        & ((pl.col("from_kind") != pl.col("to_kind")) | pl.col("from_partner").ne_missing(pl.col("to_partner"))),
        "amount": pl.col("amount_minor").is_between(1, MAX_AMOUNT_MINOR),
        "differing": pl.struct(*ENTRY_FIELDS).n_unique().over("key") == 1,
    }


def _is_account(side: str) -> pl.Expr:
    kind, partner = pl.col(f"{side}_kind"), pl.col(f"{side}_partner")
    return kind.is_in(list(AccountKind)) & pl.when(kind.is_in(list(PARTNER_KINDS))).then(partner != "").otherwise(
        partner.is_null()
    )


def _because(reason: str, refused: pl.DataFrame) -> pl.DataFrame:
    return refused.select("key", reason=pl.lit(reason, TEXT)).unique(maintain_order=True).cast(_REFUSED)  # type: ignore[arg-type]


def _open_since(program_id: UUID) -> pl.Expr:
    """The instant before which everything is closed; null where nothing is."""
    with connection.cursor() as cursor:
        cursor.execute("select max(ends_at) from ledger_month where program_id = %s", [program_id])
        row = cursor.fetchone()
    return pl.lit(row and row[0], POSTINGS["occurred_at"])


def _numbers(program_id: UUID, column: str, values: pl.Series) -> pl.Series:
    """The numbers of the entries whose `column` (key, number or reverses) is one of these."""
    query = sql.SQL("""
        select number from unnest({}::{}) wanted(value) cross join lateral (
            select number from ledger_entry where program_id = {} and {} = wanted.value offset 0
        ) entry
    """).format(
        text_array(values.cast(TEXT)),
        sql.SQL("text[]" if column == "key" else "bigint[]"),
        sql.Literal(program_id),
        sql.Identifier(column),
    )
    return copy_out(query, {"number": pl.Int64()})["number"]


def _content(program_id: UUID, numbers: pl.Series) -> pl.DataFrame:
    """What these entries say: _ROWS, with their `number`."""
    schema = {**_ROWS, "number": pl.Int64()}
    if numbers.is_empty():
        return pl.DataFrame(schema=schema)
    # By `offset 0` each row is looked up by its key, whatever the planner thinks before it has seen the tables grow.
    query = sql.SQL("""
        select key, occurred_at, entry.kind, cause, entry.currency, origin.kind, origin.partner, target.kind,
            target.partner, amount_minor, reverses, number
        from unnest({numbers}::bigint[]) wanted(wanted)
        cross join lateral (
            select * from ledger_entry where program_id = {program_id} and number = wanted offset 0
        ) entry
        cross join lateral (
            select * from ledger_posting where program_id = {program_id} and entry = wanted offset 0
        ) posting
        cross join lateral (
            select * from ledger_account where program_id = {program_id} and id = from_account offset 0
        ) origin
        cross join lateral (
            select * from ledger_account where program_id = {program_id} and id = to_account offset 0
        ) target
        order by number, position
    """).format(numbers=text_array(numbers.cast(TEXT)), program_id=sql.Literal(program_id))
    return copy_out(query, schema)


def _in_order(rows: pl.DataFrame) -> pl.DataFrame:
    """The postings of each entry in the one order in which they are kept."""
    ordered = rows.sort("from_kind", "from_partner", "to_kind", "to_partner", "amount_minor", maintain_order=True)
    return ordered.with_columns(position=pl.int_range(1, pl.len() + 1, dtype=pl.Int64).over("key"))


def _differing(came: pl.DataFrame, known: pl.DataFrame) -> pl.DataFrame:
    """The keys of entries that came with other content than they have."""
    columns = [*_ROWS, "position"]
    one, other = _in_order(came).select(columns), _in_order(known).select(columns)
    return pl.concat([
        one.join(other, on=columns, how="anti", nulls_equal=True),
        other.join(one, on=columns, how="anti", nulls_equal=True),
    ]).select("key").unique()  # fmt: skip


def _write(program_id: UUID, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """Add new entries; their keys and numbers."""
    program = pl.lit(str(program_id)).alias("program_id")
    with connection.cursor() as cursor:
        cursor.execute("select coalesce(max(number), 0) from ledger_entry where program_id = %s", [program_id])
        ((last,),) = cursor.fetchall()
    entries = rows.group_by("key", maintain_order=True).agg(
        *(pl.col(name).first() for name in (*ENTRY_FIELDS, "reverses") if name != "key"), postings=pl.len()
    )
    entries = entries.with_columns(number=last + pl.int_range(1, pl.len() + 1, dtype=pl.Int64))
    copy_in("ledger_entry", entries.select(program, pl.lit(now).alias("posted_at"), pl.all()))
    accounts = _accounts(program_id, rows, now)
    postings = _in_order(rows.join(entries.select("key", "number"), on="key", maintain_order="left"))
    for side in ("from", "to"):
        account = accounts.select(
            pl.col("kind").alias(f"{side}_kind"), pl.col("partner").alias(f"{side}_partner"), "currency",
            pl.col("id").alias(f"{side}_account"),
        )  # fmt: skip
        on = [f"{side}_kind", f"{side}_partner", "currency"]
        postings = postings.join(account, on=on, how="left", nulls_equal=True)
    copy_in(
        "ledger_posting",
        postings.sort("number", "position").select(
            program, pl.col("number").alias("entry"), "position", "from_account", "to_account", "currency",
            "amount_minor",
        ),
    )  # fmt: skip
    return entries.select("key", "number")


def _accounts(program_id: UUID, rows: pl.DataFrame, now: datetime) -> pl.DataFrame:
    """The accounts that these rows name, with their ids; those that are missing are made."""
    wanted = pl.concat([
        rows.select(kind=f"{side}_kind", partner=f"{side}_partner", currency="currency") for side in ("from", "to")
    ]).unique()  # fmt: skip
    query = sql.SQL(
        "select kind, partner, currency, id from ledger_account"
        " where program_id = {} and (partner is null or partner = any({}))"
    ).format(program_id, text_array(wanted["partner"]))
    found = copy_out(query, {**_ACCOUNT, "id": TEXT})
    missing = wanted.join(found, on=list(_ACCOUNT), how="anti", nulls_equal=True).sort(*_ACCOUNT)
    made = missing.with_columns(id=keys_at(now, len(missing)))
    copy_in("ledger_account", made.select(pl.lit(str(program_id)).alias("program_id"), pl.all()))
    return pl.concat([found, made])
