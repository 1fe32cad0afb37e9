"""The words of the ledger, and the columns of the frames that go into and come out of it."""

from dataclasses import dataclass
from enum import StrEnum

import polars as pl

from accredit.engine.frames import INSTANT, MINOR, TEXT, Schema


class AccountKind(StrEnum):
    """What an account is about. Each exists once a currency: for the program, or for each of its partners."""

    ADVERTISER_OWES = "advertiser_owes"
    PARTNER_EARNED = "partner_earned"
    """Approved and not paid yet."""
    PARTNER_PAID = "partner_paid"


PARTNER_KINDS = (AccountKind.PARTNER_EARNED, AccountKind.PARTNER_PAID)


class EntryKind(StrEnum):
    APPROVAL = "approval"
    CORRECTION = "correction"
    REVERSAL = "reversal"
    PAYOUT = "payout"


@dataclass(frozen=True, slots=True)
class Account:
    """An account of a program. `partner`: the code of one for PARTNER_KINDS, None for the others."""

    kind: AccountKind
    partner: str | None
    currency: str


ENTRY_FIELDS: Schema = {
    "key": TEXT,  # chosen by whoever posts; one entry of the program for good
    "occurred_at": INSTANT,
    "kind": TEXT,  # EntryKind
    "cause": TEXT,  # what it was posted for, such as `cv_… 2`: conversion and number of the decision
    "currency": TEXT,
}

POSTINGS: Schema = {  # rows of one key are one entry
    **ENTRY_FIELDS,
    "from_kind": TEXT,  # AccountKind
    "from_partner": TEXT,
    "to_kind": TEXT,
    "to_partner": TEXT,
    "amount_minor": MINOR,  # at least 1: what goes the other way goes from the other account
}

POSTED: Schema = {  # one row an entry, in the order in which the keys came
    "key": TEXT,
    "entry": pl.Int64(),  # its number
    "new": pl.Boolean(),  # whether it was posted now
}

BALANCES: Schema = {  # by currency, kind and partner
    "kind": TEXT,
    "partner": TEXT,
    "currency": TEXT,
    "balance_minor": MINOR,  # what went to the account less what went from it
}

LINES: Schema = {  # by time
    "entry": pl.Int64(),
    "occurred_at": INSTANT,
    "posted_at": INSTANT,
    "kind": TEXT,
    "cause": TEXT,
    "reverses": pl.Int64(),  # the entry that this one takes back
    "other_kind": TEXT,  # the account on the other side
    "other_partner": TEXT,
    "amount_minor": MINOR,  # below zero where it went from the account
    "balance_minor": MINOR,  # after it
}

FINDINGS: Schema = {"rule": TEXT, "finding": TEXT}
