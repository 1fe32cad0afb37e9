"""`check` finds what nobody can do: here the owner of the database takes the locks off and does it."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from uuid import UUID

import polars as pl
import pytest
from django.db import connection

from accredit.ledger.checks import EXPECTED, check, check_partners
from accredit.ledger.operations import close_month, post, reverse
from tests.factories.tables import minor, table
from tests.ledger.entries import NOW, postings, program

pytestmark = pytest.mark.django_db

AsOwner = Callable[[], AbstractContextManager[None]]

APPROVALS = """
    key | at    | from | to   | amount | currency
    a   | T-40d | owes | barb | 10.00  | USD
    b   | T     | owes | barb | 5.00   | USD
    c   | T     | owes | ann  | 7.00   | EUR
    c   | T     | owes | barb | 1.00   | EUR
"""
UNLOCKED = """
    alter table ledger_entry disable trigger user;
    alter table ledger_posting disable trigger user, drop constraint ledger_posting_amount;
    alter table ledger_month disable trigger user;
    alter table ledger_closing disable trigger user, drop constraint ledger_closing_month;
    alter table ledger_entry drop constraint ledger_entry_reverses;
"""


@pytest.fixture
def shop() -> UUID:
    """Entries 1 to 3 of APPROVALS, and 4, which takes back 2; January and February are closed."""
    shop = program()
    post(shop, postings(APPROVALS), now=NOW)
    reverse(shop, [2], cause="cv_1 2", now=NOW)
    for month in (1, 2):
        close_month(shop, date(2026, month, 1), now=NOW)
    return shop


def test_a_ledger_that_was_only_posted_to_is_right(shop: UUID) -> None:
    post(program(), postings(APPROVALS)[:1], now=NOW)
    assert check(shop).rows() == []
    assert check(program()).rows() == []


@pytest.mark.parametrize(
    ("change", "findings"),
    [
        (
            "delete from ledger_entry where program_id = %(program)s and number in (1, 2)",
            [
                "entries 1 to 2 are missing",
                "posting 1 of entry 1 has no such entry",
                "posting 1 of entry 2 has no such entry",
                "2026-01, advertiser_owes USD: -1000 minor units were closed, and 0 are posted",
                "2026-01, partner_earned barb USD: 1000 minor units were closed, and 0 are posted",
                "2026-02, advertiser_owes USD: -1000 minor units were closed, and 0 are posted",
                "2026-02, partner_earned barb USD: 1000 minor units were closed, and 0 are posted",
            ],
        ),
        (
            "delete from ledger_posting where program_id = %(program)s and entry = 3 and position = 1",
            ["entry 3 says 2 and has 1"],
        ),
        (
            "delete from ledger_posting where program_id = %(program)s and entry = 4",
            ["entry 4 says 1 and has 0", "entry 4 does not take back entry 2"],
        ),
        (
            "update ledger_posting set amount_minor = 0 where program_id = %(program)s and entry = 3 and position = 2",
            ["posting 2 of entry 3 is of 0 minor units"],
        ),
        (
            "update ledger_posting set currency = 'JPY' where program_id = %(program)s and entry = 3 and position = 2",
            ["posting 2 of entry 3 is in another currency than its entry or its accounts"],
        ),
        (
            "update ledger_posting posting set to_account = account.id from ledger_account account"
            " where posting.program_id = %(program)s and account.program_id = posting.program_id and entry = 3"
            " and partner = 'barb' and account.currency = 'USD'",
            [
                "posting 1 of entry 3 is in another currency than its entry or its accounts",
                "posting 2 of entry 3 is in another currency than its entry or its accounts",
                "in EUR they sum to -800 minor units",
                "in USD they sum to 800 minor units",
            ],
        ),
        (
            "update ledger_posting set to_account = gen_random_uuid()"
            " where program_id = %(program)s and entry = 3 and amount_minor = 100",
            ["posting 2 of entry 3 has no such account", "in EUR they sum to -100 minor units"],
        ),
        (
            "update ledger_posting set amount_minor = 499 where program_id = %(program)s and entry = 4",
            ["entry 4 does not take back entry 2"],
        ),
        (
            "update ledger_entry set reverses = 1 where program_id = %(program)s and number = 4",
            ["entry 4 does not take back entry 1"],
        ),
        (
            "update ledger_month set month = '2026-03-01', closed_at = '2026-05-01Z'"
            " where program_id = %(program)s and month = '2026-02-01';"
            "update ledger_closing set month = '2026-03-01' where program_id = %(program)s and month = '2026-02-01'",
            [
                "2026-02 is not closed, but 2026-03 is",
                "2026-03, advertiser_owes EUR: 0 minor units were closed, and -800 are posted",
                "2026-03, partner_earned ann EUR: 0 minor units were closed, and 700 are posted",
                "2026-03, partner_earned barb EUR: 0 minor units were closed, and 100 are posted",
            ],
        ),
        (
            "update ledger_closing set balance_minor = balance_minor + 1"
            " where program_id = %(program)s and month = '2026-01-01' and balance_minor > 0",
            ["2026-01, partner_earned barb USD: 1001 minor units were closed, and 1000 are posted"],
        ),
        (
            "delete from ledger_closing where program_id = %(program)s and month = '2026-02-01' and balance_minor < 0",
            ["2026-02, advertiser_owes USD: 0 minor units were closed, and -1000 are posted"],
        ),
    ],
)
def test_every_place_where_it_is_wrong_is_named(
    shop: UUID, change: str, findings: list[str], as_owner: AsOwner
) -> None:
    bystander = program()
    post(bystander, postings(APPROVALS), now=NOW)
    with as_owner(), connection.cursor() as cursor:
        cursor.execute(UNLOCKED)
        cursor.execute(change, {"program": shop})
    assert check(shop)["finding"].to_list() == findings
    assert check(bystander).rows() == []


def expected(text: str) -> pl.DataFrame:
    rows = [
        {"partner": row["partner"], "currency": row["currency"], "commission_minor": minor(row["sum"], row["currency"])}
        for row in table(text)
    ]
    return pl.DataFrame(rows, schema=dict(EXPECTED))


def test_partners_have_what_is_approved_and_unpaid(shop: UUID) -> None:
    right = expected("""
        partner | currency | sum
        barb    | USD      | 10.00
        barb    | EUR      | 1.00
        ann     | EUR      | 7.00
        zoe     | EUR      | 0
    """)
    assert check_partners(shop, right).rows() == []
    assert check_partners(program(), right.clear()).rows() == []
    other = expected("""
        partner | currency | sum
        barb    | USD      | 9.99
        ann     | EUR      | 7.00
        zoe     | JPY      | 3
    """)
    assert check_partners(shop, other)["finding"].to_list() == [
        "barb, EUR: 0 minor units are approved and unpaid, and the ledger has 100",
        "barb, USD: 999 minor units are approved and unpaid, and the ledger has 1000",
        "zoe, JPY: 3 minor units are approved and unpaid, and the ledger has 0",
    ]


def test_what_was_paid_is_not_expected_any_more(shop: UUID) -> None:
    post(shop, postings("key | at | kind | from | to | amount\n p | T | payout | barb | paid:barb | 4.00"), now=NOW)
    right = expected("partner | currency | sum\n barb | USD | 6.00\n barb | EUR | 1.00\n ann | EUR | 7.00")
    assert check_partners(shop, right).rows() == []
