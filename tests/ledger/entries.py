"""Journal entries and what they come to, as tables that a person can read.

    key | at    | kind     | from | to        | amount
    a   | T-40d | approval | owes | barb      | 10.00
    b   | T-39d | payout   | barb | paid:barb | 10.00

`owes` is the account of the advertiser, `barb` what Barb earned, `paid:barb` what was paid to her. Rows of one key are
one entry. Amounts are in USD unless there is a `currency`; the cause is `cv_1 1` unless there is a `cause`.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

import polars as pl

from accredit.ledger.frames import POSTINGS
from accredit.ledger.queries import balances
from accredit.money import to_major
from tests.factories.tables import T, instant, minor, table

NOW = T + timedelta(hours=1)


def program() -> UUID:
    """A ledger of its own: it knows programs by their ids alone."""
    return uuid4()


def account(text: str) -> tuple[str, str | None]:
    if text == "owes":
        return "advertiser_owes", None
    kind, _, partner = text.rpartition(":")
    return f"partner_{kind or 'earned'}", partner


def name(kind: str, partner: str | None) -> str:
    return "owes" if partner is None else partner if kind == "partner_earned" else f"paid:{partner}"


def postings(text: str) -> pl.DataFrame:
    """POSTINGS of a table."""
    rows = []
    for row in table(text):
        (from_kind, from_partner), (to_kind, to_partner) = account(row["from"]), account(row["to"])
        currency = row.get("currency") or "USD"
        rows.append(
            {
                "key": row["key"],
                "occurred_at": instant(row["at"]),
                "kind": row.get("kind") or "approval",
                "cause": row.get("cause") or "cv_1 1",
                "currency": currency,
                "from_kind": from_kind,
                "from_partner": from_partner,
                "to_kind": to_kind,
                "to_partner": to_partner,
                "amount_minor": minor(row["amount"], currency),
            }
        )
    return pl.DataFrame(rows, schema=dict(POSTINGS), orient="row")


def standing(program_id: UUID, partner: str | None = None, until: datetime | None = None) -> str:
    """The balances, such as `owes USD -10.00, barb USD 10.00`."""
    found = balances(program_id, partner=partner, until=until)
    return ", ".join(
        f"{name(kind, code)} {currency} {to_major(balance, currency)}"
        for kind, code, currency, balance in found.iter_rows()
    )
