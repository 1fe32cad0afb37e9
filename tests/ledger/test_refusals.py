"""What the database itself refuses of a ledger, whoever asks."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import date
from uuid import UUID

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from accredit.ledger.operations import close_month, post, reverse
from tests.ledger.entries import NOW, postings, program

pytestmark = pytest.mark.django_db

AsOwner = Callable[[], AbstractContextManager[None]]

TABLES = ("ledger_account", "ledger_entry", "ledger_posting", "ledger_month", "ledger_closing")
APPROVALS = """
    key | at    | from | to   | amount | currency
    a   | T-40d | owes | barb | 10.00  | USD
    b   | T     | owes | barb | 5.00   | USD
    c   | T     | owes | ann  | 5.00   | EUR
"""


@pytest.fixture
def shop() -> UUID:
    shop = program()
    post(shop, postings(APPROVALS), now=NOW)
    close_month(shop, date(2026, 1, 1), now=NOW)
    return shop


def execute(statement: str, shop: UUID | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, {"program": shop} if shop else None)


CHANGES = ("update {} set program_id = program_id", "delete from {}")


def test_the_application_may_not_rewrite_the_ledger(shop: UUID) -> None:
    for table in TABLES:
        for change in (*CHANGES, "truncate {} cascade"):
            with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
                execute(change.format(table))


def test_nor_does_the_owner(shop: UUID, as_owner: AsOwner) -> None:
    with as_owner():
        for table in TABLES:
            for change in CHANGES:
                with pytest.raises(IntegrityError, match=f"{table} is append-only"), transaction.atomic():
                    execute(change.format(table))


def insert(table: str, copied: str, changes: str) -> str:
    """A row like that of which `copied` is true, with changes (JSON)."""
    return f"""
        insert into {table}
        select (jsonb_populate_record(copied, '{changes}')).* from {table} copied
        where program_id = %(program)s and {copied}
    """


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ('{"number": 9}', "ledger_entry_key"),
        ('{"key": "z"}', "ledger_entry_pkey"),
        ('{"key": "z", "number": 0}', "ledger_entry_number"),
        ('{"key": "z", "number": 9, "postings": 0}', "ledger_entry_number"),
        ('{"key": "z", "number": 9, "kind": "gift"}', "ledger_entry_kind"),
        ('{"key": "z", "number": 9, "kind": "reversal"}', "ledger_entry_reversal"),
        ('{"key": "z", "number": 9, "reverses": 1}', "ledger_entry_reversal"),
        ('{"key": "z", "number": 9, "kind": "reversal", "reverses": 7}', "ledger_entry_reverses"),
        ('{"key": "z", "number": 9, "occurred_at": "2026-03-02T00:00:00Z"}', "ledger_entry_not_before_it_occurred"),
        ('{"key": "z", "number": 9, "occurred_at": "2026-01-31T23:59:59.999999Z"}', "lies in a month that is closed"),
    ],
)
def test_an_entry_that_cannot_be_is_refused(shop: UUID, changes: str, rule: str) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(insert("ledger_entry", "number = 2", changes), shop)


def test_another_entry_is_not_refused(shop: UUID) -> None:
    first = '{"key": "z", "number": 9, "occurred_at": "2026-02-01T00:00:00Z"}'
    execute(insert("ledger_entry", "number = 2", first), shop)
    execute(insert("ledger_posting", "entry = 2", '{"entry": 9}'), shop)


def test_an_entry_is_reversed_once(shop: UUID) -> None:
    reverse(shop, [2], cause="cv_1 2", now=NOW)
    with pytest.raises(IntegrityError, match="ledger_entry_reversed_once"):
        execute(insert("ledger_entry", "number = 4", '{"key": "z", "number": 9}'), shop)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ("{}", "ledger_posting_pkey"),
        ('{"position": 0}', "ledger_posting_position"),
        ('{"position": 2}', "ledger_entry_complete"),
        ('{"entry": 1, "position": 2}', "ledger_entry_complete"),
        ('{"entry": 9}', "ledger_posting_entry"),
        ('{"position": 2, "amount_minor": 0}', "ledger_posting_amount"),
        ('{"position": 2, "amount_minor": -1}', "ledger_posting_amount"),
        ('{"position": 2, "amount_minor": 1000000000000000}', "ledger_posting_amount"),
        ('{"position": 2, "currency": "EUR"}', "ledger_posting_from"),
        ('{"position": 2, "to_account": "00000000-0000-7000-8000-000000000000"}', "ledger_posting_to"),
        ('{"position": 2, "entry": 3}', "ledger_posting_currency"),
    ],
)
def test_a_posting_that_cannot_be_is_refused(shop: UUID, changes: str, rule: str) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(insert("ledger_posting", "entry = 2", changes), shop)


def test_a_posting_goes_from_one_account_to_another(shop: UUID) -> None:
    same = "select program_id, 2, 2, to_account, to_account, currency, 1 from ledger_posting"
    with pytest.raises(IntegrityError, match="ledger_posting_between_two"):
        execute(f"insert into ledger_posting {same} where program_id = %(program)s and entry = 2", shop)


def test_an_entry_gets_none_of_its_postings_once_its_month_is_closed(shop: UUID) -> None:
    incomplete = '{"key": "z", "number": 9, "occurred_at": "2026-02-01T00:00:00Z"}'
    execute(insert("ledger_entry", "number = 2", incomplete), shop)
    close_month(shop, date(2026, 2, 1), now=NOW)
    with pytest.raises(IntegrityError, match="ledger_month_closed"):
        execute(insert("ledger_posting", "entry = 2", '{"entry": 9}'), shop)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ('{"id": "00000000-0000-7000-8000-000000000000"}', "ledger_account_once"),
        ('{"kind": "cash"}', "ledger_account_kind"),
        ('{"partner": "barb"}', "ledger_account_kind"),
        ('{"kind": "partner_paid"}', "ledger_account_kind"),
        ('{"currency": "usd"}', "ledger_account_currency"),
    ],
)
def test_an_account_that_cannot_be_is_refused(shop: UUID, changes: str, rule: str) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(insert("ledger_account", "partner is null and currency = 'USD'", changes), shop)


@pytest.mark.parametrize(
    ("month", "closed_at", "rule"),
    [
        ("2026-01-01", "2026-05-01Z", "is not the next one"),
        ("2026-03-01", "2026-05-01Z", "is not the next one"),
        ("2026-02-02", "2026-05-01Z", "is not the next one"),
        ("2026-02-01", "2026-02-28 23:59:59Z", "ledger_month_over"),
    ],
)
def test_a_month_that_cannot_be_closed_is_refused(shop: UUID, month: str, closed_at: str, rule: str) -> None:
    with pytest.raises(IntegrityError, match=rule):
        execute(
            f"insert into ledger_month (program_id, month, closed_at) values (%(program)s, '{month}', '{closed_at}')",
            shop,
        )


def test_the_first_month_to_be_closed_is_that_of_the_first_entry() -> None:
    shop = program()
    post(shop, postings(APPROVALS), now=NOW)
    with pytest.raises(IntegrityError, match="is not the next one"):
        execute(
            "insert into ledger_month (program_id, month, closed_at) values (%(program)s, '2026-02-01', now())", shop
        )
