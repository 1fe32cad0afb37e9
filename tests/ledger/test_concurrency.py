"""Sessions that do the same at the same time: the database settles who was first."""

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime
from uuid import UUID

import polars as pl
import pytest
from django.db import IntegrityError, connection, transaction

from accredit.ledger.checks import check
from accredit.ledger.operations import EntriesRefused, close_month, post, reverse
from tests.factories.sessions import together
from tests.ledger.entries import NOW, postings, program, standing

pytestmark = pytest.mark.django_db(transaction=True)


def approvals(first: int, last: int) -> pl.DataFrame:
    rows = "\n".join(f"k{n} | T | owes | partner-{n % 7} | 1.00" for n in range(first, last))
    return postings(f"key | at | from | to | amount\n{rows}")


def test_sessions_that_post_the_same_keys_post_each_once() -> None:
    shop = program()
    batches = [approvals(0, 60), approvals(30, 90), approvals(0, 90).reverse(), approvals(0, 60)]
    posted = together([lambda batch=batch: post(shop, batch, now=NOW) for batch in batches])  # type: ignore[misc]
    assert sum(frame["new"].sum() for frame in posted) == 90
    numbers = pl.concat(posted).select("key", "entry").unique()
    assert sorted(numbers["entry"]) == list(range(1, 91))
    assert standing(shop).startswith("owes USD -90.00, partner-0 USD 13.00, ")
    assert check(shop).rows() == []


def test_accounts_are_made_once() -> None:
    shop = program()
    batches = [approvals(first, first + 7) for first in range(0, 28, 7)]
    together([lambda batch=batch: post(shop, batch, now=NOW) for batch in batches])  # type: ignore[misc]
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from ledger_account where program_id = %s", [shop])
        assert cursor.fetchone() == (8,)
    assert check(shop).rows() == []


def test_of_sessions_that_post_one_key_with_other_content_one_is_refused() -> None:
    shop = program()

    def one(amount: int) -> int | None:
        came = approvals(0, 1).with_columns(amount_minor=pl.lit(amount, pl.Int64))
        try:
            return amount if post(shop, came, now=NOW)["new"].all() else None
        except EntriesRefused:
            return None

    posted = together([lambda amount=amount: one(amount) for amount in range(1, 5)])  # type: ignore[misc]
    (amount,) = [one for one in posted if one]
    assert standing(shop, partner="partner-0") == f"partner-0 USD 0.0{amount}"


def test_an_entry_is_reversed_once_by_whoever_comes_first() -> None:
    shop = program()
    post(shop, approvals(0, 10), now=NOW)
    calls = [lambda: reverse(shop, range(1, 11), cause="cv_1 2", now=datetime.now(UTC)) for _ in range(4)]
    assert sum(frame["new"].sum() for frame in together(calls)) == 10
    assert standing(shop, partner="partner-0") == "partner-0 USD 0.00"
    assert check(shop).rows() == []


def test_a_month_that_is_closed_while_others_post_has_what_was_posted_and_nothing_else() -> None:
    shop = program()
    april = datetime(2026, 4, 1, tzinfo=UTC)
    post(shop, approvals(0, 1), now=april)

    def one(n: int) -> bool:
        if n == 0:
            return close_month(shop, date(2026, 3, 1), now=april)
        try:
            return bool(post(shop, approvals(10 * n, 10 * n + 10), now=april)["new"].all())
        except EntriesRefused:
            return False

    closed, *posted = together([lambda n=n: one(n) for n in range(8)])  # type: ignore[misc]
    assert closed
    assert standing(shop).startswith(f"owes USD -{1 + 10 * sum(posted)}.00, ")
    assert check(shop).rows() == []


def test_one_month_is_closed_once() -> None:
    shop = program()
    post(shop, approvals(0, 10), now=NOW)
    calls = [lambda: close_month(shop, date(2026, 3, 1), now=datetime(2026, 4, 2, tzinfo=UTC)) for _ in range(4)]
    assert sorted(together(calls)) == [False, False, False, True]
    assert check(shop).rows() == []


ENTRY = """
    insert into ledger_entry (program_id, number, key, occurred_at, posted_at, kind, cause, currency, postings)
    values (%s, 2, 'raw', '2026-03-31 23:59:59Z', '2026-04-01Z', 'approval', 'cv_1 1', 'USD', 1)
"""


def waits_for(program_id: UUID) -> bool:
    """Whether a session waits for the ledger of this program."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select exists (select from pg_locks where locktype = 'advisory' and not granted and"
            " (classid::bigint << 32 | objid::bigint) = hashtextextended('ledger ' || %s, 0))",
            [program_id],
        )
        row = cursor.fetchone()
    return bool(row and row[0])


def test_rows_that_come_in_without_our_operations_wait_for_a_closing_too() -> None:
    shop = program()
    post(shop, approvals(0, 1), now=NOW)

    def insert() -> str:
        try:
            with connection.cursor() as cursor:
                cursor.execute(ENTRY, [shop])
        except IntegrityError as error:
            return str(error)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(1) as thread:
        with transaction.atomic():
            close_month(shop, date(2026, 3, 1), now=datetime(2026, 4, 1, tzinfo=UTC))
            inserted = thread.submit(insert)
            while not waits_for(shop) and not inserted.done():
                time.sleep(0.01)
            assert not inserted.done()
        assert "lies in a month that is closed" in inserted.result(timeout=60)
    assert check(shop).rows() == []
