"""Reading the ledger: balances are sums, never stored but in the closings of months."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import polars as pl
from django.db import connection
from psycopg import sql

from accredit.database.copy import copy_out
from accredit.engine.frames import MINOR, TEXT
from accredit.ledger.frames import BALANCES, LINES, Account

SIDES = sql.SQL("""
    ledger_posting posting cross join lateral (
        values (to_account, posting.amount_minor), (from_account, -posting.amount_minor)
    ) side(account, amount_minor)
""")
"""Every posting twice: what it brought to one account, and what it took from the other."""

BALANCE_ROWS = sql.SQL("""
with account as (
    select * from ledger_account where program_id = {program_id} and ({partner}::text is null or partner = {partner})
), closed as (
    -- Closing a month asks for the balances at its end, too: its own closing is not there yet.
    select max(month) as month, coalesce(max(ends_at), '-infinity') as ends_at
    from ledger_month where program_id = {program_id} and ends_at < {until}
), moved as (
    select side.account, sum(side.amount_minor) as amount_minor
    from {sides} join ledger_entry entry on entry.program_id = posting.program_id and entry.number = posting.entry
    where entry.program_id = {program_id} and occurred_at >= (select ends_at from closed) and occurred_at < {until}
        and ({partner}::text is null or to_account = any(array(select id from account))
             or from_account = any(array(select id from account)))
    group by side.account
)
select account.id, kind, partner, currency,
    (coalesce(balance_minor, 0) + coalesce(amount_minor, 0))::bigint as balance_minor
from account
left join ledger_closing closing on closing.program_id = account.program_id and closing.account = account.id
    and closing.month = (select month from closed)
left join moved on moved.account = account.id
""")

STATEMENT = sql.SQL("""
select entry.number, occurred_at, posted_at, entry.kind, cause, reverses, other.kind, other.partner,
    case when posting.to_account = own.id then amount_minor else -amount_minor end
from ledger_account own
join ledger_posting posting on posting.program_id = own.program_id
    and (posting.to_account = own.id or posting.from_account = own.id)
join ledger_entry entry on entry.program_id = posting.program_id and entry.number = posting.entry
join ledger_account other on other.program_id = own.program_id
    and other.id = case when posting.to_account = own.id then posting.from_account else posting.to_account end
where own.program_id = {program_id} and own.kind = {kind} and own.partner is not distinct from {partner}
    and own.currency = {currency} and occurred_at >= {since} and occurred_at < {until}
order by occurred_at, entry.number, position
""")


@dataclass(frozen=True, slots=True)
class Statement:
    """What an account stood at, what was posted to it and from it (LINES), and what it stands at then."""

    opening_minor: int
    lines: pl.DataFrame
    closing_minor: int


def balance_rows(program_id: UUID, *, partner: str | None, until: datetime | None) -> sql.Composable:
    """The query of id, kind, partner, currency and balance_minor of accounts."""
    return BALANCE_ROWS.format(
        sides=SIDES,
        program_id=sql.Literal(program_id),
        partner=sql.Literal(partner),
        until=sql.SQL("timestamptz 'infinity'") if until is None else sql.Literal(until),
    )


def balances(program_id: UUID, *, partner: str | None = None, until: datetime | None = None) -> pl.DataFrame:
    """What every account of a program, or of one partner in it, stands at (BALANCES): of all that occurred before
    `until`, and of everything without it. The latest closing before that, and what was posted since."""
    query = sql.SQL(
        "select kind, partner, currency, balance_minor from ({}) balance order by currency, kind, partner nulls first"
    )
    return copy_out(query.format(balance_rows(program_id, partner=partner, until=until)), BALANCES)


def statement(program_id: UUID, account: Account, since: datetime, until: datetime) -> Statement:
    """What was posted to and from an account and occurred in [since, until). An account to which nothing was ever
    posted stands at 0."""
    before = balances(program_id, partner=account.partner, until=since).filter(
        (pl.col("kind") == account.kind.value)
        & pl.col("partner").eq_missing(pl.lit(account.partner, TEXT))
        & (pl.col("currency") == account.currency)
    )
    opening = int(before["balance_minor"].sum())
    query = STATEMENT.format(
        program_id=sql.Literal(program_id),
        kind=sql.Literal(account.kind.value),
        partner=sql.Literal(account.partner),
        currency=sql.Literal(account.currency),
        since=sql.Literal(since),
        until=sql.Literal(until),
    )
    lines = copy_out(query, {name: dtype for name, dtype in LINES.items() if name != "balance_minor"})
    lines = lines.with_columns(balance_minor=(opening + pl.col("amount_minor").cum_sum()).cast(MINOR))
    return Statement(opening, lines, opening + int(lines["amount_minor"].sum()))


def month_to_close(program_id: UUID) -> date | None:
    """The first day of the month (UTC) that is to be closed next: the one after the last closed one, else that of the
    first entry. None where nothing was posted yet. It may still run."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select coalesce((select max(ends_at) from ledger_month where program_id = %(program)s),"
            " (select min(occurred_at) from ledger_entry where program_id = %(program)s))",
            {"program": program_id},
        )
        row = cursor.fetchone()
    first = row and row[0]
    return first.astimezone(UTC).date().replace(day=1) if first else None


def end_of_month(month: date) -> datetime:
    """The instant at which a month (UTC) is over; `month` is its first day."""
    following = (month + timedelta(days=31)).replace(day=1)
    return datetime(following.year, following.month, 1, tzinfo=UTC)
