"""Entries that are posted, once, and taken back."""

from datetime import timedelta

import polars as pl
import pytest
from django.db import connection, transaction

from accredit.ledger.frames import POSTED, Account, AccountKind
from accredit.ledger.operations import EntriesRefused, UnknownEntries, post, reverse
from accredit.ledger.queries import balances, statement
from tests.factories.tables import T
from tests.ledger.entries import NOW, postings, program, standing

pytestmark = pytest.mark.django_db

APPROVALS = """
    key | at      | kind       | from | to        | amount | currency
    a   | T-3d    | approval   | owes | barb      | 10.00  | USD
    b   | T-2d    | approval   | owes | ann       | 5.00   | USD
    c   | T-1d    | approval   | owes | barb      | 700    | JPY
    d   | T-1d    | correction | barb | owes      | 4.00   | USD
    e   | T       | payout     | barb | paid:barb | 6.00   | USD
"""


def test_balances_are_what_went_to_an_account_less_what_went_from_it() -> None:
    shop = program()
    posted = post(shop, postings(APPROVALS), now=NOW)
    assert dict(posted.schema) == dict(POSTED)
    assert posted.rows() == [("a", 1, True), ("b", 2, True), ("c", 3, True), ("d", 4, True), ("e", 5, True)]
    assert standing(shop) == (
        "owes JPY -700, barb JPY 700, owes USD -11.00, ann USD 5.00, barb USD 0.00, paid:barb USD 6.00"
    )
    assert standing(shop, partner="ann") == "ann USD 5.00"
    assert standing(shop, until=T - timedelta(days=2)) == (
        "owes JPY 0, barb JPY 0, owes USD -10.00, ann USD 0.00, barb USD 10.00, paid:barb USD 0.00"
    )
    assert balances(shop).group_by("currency").agg(pl.col("balance_minor").sum())["balance_minor"].to_list() == [0, 0]
    assert standing(program()) == ""


def test_what_is_posted_again_changes_nothing() -> None:
    shop = program()
    post(shop, postings(APPROVALS), now=NOW)
    before = standing(shop)
    more = pl.concat([
        postings("key | at | from | to | amount\n f | T | owes | ann | 1.00"),
        postings(APPROVALS).reverse(),
    ])  # fmt: skip
    earlier = NOW - timedelta(days=30)  # the clock of whoever comes again may be behind
    assert post(shop, postings(APPROVALS), now=earlier)["new"].any() is False
    assert standing(shop) == before
    again = post(shop, more, now=NOW)
    assert again["key"].to_list() == ["f", "e", "d", "c", "b", "a"]
    assert again["entry"].to_list() == [6, 5, 4, 3, 2, 1]
    assert again["new"].to_list() == [True, *[False] * 5]
    assert standing(shop, partner="ann") == "ann USD 6.00"


@pytest.mark.parametrize(
    "other",
    [
        "a | T-3d      | approval   | owes | barb | 10.01 | USD | cv_1 1",
        "a | T-3d      | approval   | owes | barb | 10.00 | EUR | cv_1 1",
        "a | T-3d      | approval   | owes | ann  | 10.00 | USD | cv_1 1",
        "a | T-3d      | approval   | barb | owes | 10.00 | USD | cv_1 1",
        "a | T-3d      | correction | owes | barb | 10.00 | USD | cv_1 1",
        "a | T-3d      | approval   | owes | barb | 10.00 | USD | cv_1 2",
        "a | T-3d+1us  | approval   | owes | barb | 10.00 | USD | cv_1 1",
        "a | T-3d      | approval   | owes | barb | 10.00 | USD | cv_1 1\n"
        "a | T-3d      | approval   | owes | barb | 10.00 | USD | cv_1 1",
    ],
)
def test_the_same_key_with_other_content_is_refused_with_all_that_came_along(other: str) -> None:
    shop = program()
    post(shop, postings(APPROVALS), now=NOW)
    before = standing(shop)
    header = "key | at | kind | from | to | amount | currency | cause\n"
    came = postings(header + other + "\nz | T | approval | owes | ann | 1.00 | USD | cv_2 1")
    with pytest.raises(EntriesRefused, match="'a': Its key is posted with other content") as refused:
        post(shop, came, now=NOW)
    assert refused.value.refusals.rows() == [("a", "other_content")]
    assert standing(shop) == before


def test_postings_of_one_key_are_one_entry_in_whatever_order() -> None:
    shop = program()
    several = postings("""
        key | at | from | to   | amount
        a   | T  | owes | barb | 1.00
        a   | T  | owes | ann  | 2.00
        a   | T  | owes | barb | 1.00
    """)
    assert post(shop, several, now=NOW).rows() == [("a", 1, True)]
    assert post(shop, several.reverse(), now=NOW).rows() == [("a", 1, False)]
    assert standing(shop) == "owes USD -4.00, ann USD 2.00, barb USD 2.00"
    with pytest.raises(EntriesRefused, match="other content"):
        post(shop, several[:2], now=NOW)


def test_nothing_is_posted_of_nothing() -> None:
    shop = program()
    assert post(shop, postings(APPROVALS).clear(), now=NOW).is_empty()
    assert reverse(shop, [], cause="cv_1 2", now=NOW).is_empty()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"key": ""}, "incomplete"),
        ({"key": None}, "incomplete"),
        ({"cause": None}, "incomplete"),
        ({"occurred_at": None}, "incomplete"),
        ({"kind": "gift"}, "entry_kind"),
        ({"kind": "reversal"}, "entry_kind"),
        ({"currency": "usd"}, "currency"),
        ({"currency": "XAU"}, "currency"),
        ({"currency": None}, "currency"),
        ({"occurred_at": NOW + timedelta(microseconds=1)}, "not_yet"),
        ({"amount_minor": 0}, "amount"),
        ({"amount_minor": -5}, "amount"),
        ({"amount_minor": 10**15}, "amount"),
        ({"amount_minor": None}, "amount"),
        ({"from_kind": "cash"}, "accounts"),
        ({"from_partner": "barb"}, "accounts"),
        ({"to_partner": None}, "accounts"),
        ({"to_partner": ""}, "accounts"),
        ({"to_kind": "advertiser_owes", "to_partner": None}, "accounts"),
    ],
)
def test_what_is_no_entry_is_refused_by_name(changes: dict[str, object], reason: str) -> None:
    shop = program()
    right = postings("key | at | from | to | amount\n a | T | owes | barb | 1.00\n b | T | owes | barb | 1.00")
    values = {name: pl.lit(value, right.schema[name]) for name, value in changes.items()}
    came = pl.concat([right[:1].with_columns(**values), right[1:]])
    with pytest.raises(EntriesRefused) as refused:
        post(shop, came, now=NOW)
    assert (changes.get("key", "a"), reason) in refused.value.refusals.rows()
    assert {key for key, _ in refused.value.refusals.rows()} == {changes.get("key", "a")}
    assert standing(shop) == ""


def test_postings_of_one_entry_agree() -> None:
    differing = postings("""
        key | at   | from | to   | amount
        a   | T    | owes | barb | 1.00
        a   | T-1d | owes | ann  | 2.00
    """)
    with pytest.raises(EntriesRefused, match="Its postings differ"):
        post(program(), differing, now=NOW)


def test_a_refusal_counts_what_it_does_not_show() -> None:
    rows = "\n".join(f"k{n} | T+2d | owes | barb | 1.00" for n in range(12))
    with pytest.raises(EntriesRefused, match=r"'k9': It occurred later than now\. And 2 more\.$"):
        post(program(), postings(f"key | at | from | to | amount\n{rows}"), now=NOW)


def test_a_reversal_takes_an_entry_back_once() -> None:
    shop = program()
    post(shop, postings(APPROVALS), now=NOW)
    later = NOW + timedelta(days=1)
    assert reverse(shop, [1, 3, 1], cause="cv_1 2", now=later).rows() == [
        ("reversal of 1", 6, True),
        ("reversal of 3", 7, True),
    ]
    gone = "owes JPY 0, barb JPY 0, owes USD -1.00, ann USD 5.00, barb USD -10.00, paid:barb USD 6.00"
    assert standing(shop) == gone
    for now in (later + timedelta(days=1), NOW):
        assert reverse(shop, [3, 1], cause="cv_1 2", now=now).rows() == [
            ("reversal of 3", 7, False),
            ("reversal of 1", 6, False),
        ]
    with pytest.raises(EntriesRefused, match="'reversal of 1': Its key is posted with other content"):
        reverse(shop, [2, 1], cause="cv_1 3", now=later)
    assert standing(shop) == gone

    assert reverse(shop, [6], cause="a mistake", now=later).rows() == [("reversal of 6", 8, True)]
    assert standing(shop, partner="barb") == "barb JPY 0, barb USD 0.00, paid:barb USD 6.00"


def test_what_is_not_there_cannot_be_reversed() -> None:
    shop, other = program(), program()
    post(shop, postings(APPROVALS), now=NOW)
    post(other, postings(APPROVALS)[:1], now=NOW)
    with pytest.raises(UnknownEntries, match=r"no entries 2, 9: 2 in all"):
        reverse(other, [1, 2, 9], cause="cv_1 2", now=NOW)
    assert standing(other) == "owes USD -10.00, barb USD 10.00"


def test_programs_have_nothing_to_do_with_each_other() -> None:
    one, other = program(), program()
    for shop in (one, other):
        assert post(shop, postings(APPROVALS), now=NOW)["new"].all()
    reverse(one, [1], cause="cv_1 2", now=NOW)
    assert standing(other, partner="ann") == standing(one, partner="ann") == "ann USD 5.00"
    assert standing(other, partner="barb") != standing(one, partner="barb")


def test_a_statement_goes_from_what_was_to_what_is() -> None:
    shop = program()
    post(shop, postings(APPROVALS), now=NOW)
    reverse(shop, [2], cause="cv_2 2", now=NOW)
    barb = Account(AccountKind.PARTNER_EARNED, "barb", "USD")
    found = statement(shop, barb, T - timedelta(days=2), NOW)
    assert (found.opening_minor, found.closing_minor) == (1000, 0)
    shown = ["entry", "kind", "other_kind", "other_partner", "amount_minor", "balance_minor"]
    assert found.lines.select(shown).rows() == [
        (4, "correction", "advertiser_owes", None, -400, 600),
        (5, "payout", "partner_paid", "barb", -600, 0),
    ]
    owes = statement(
        shop, Account(AccountKind.ADVERTISER_OWES, None, "USD"), T - timedelta(days=9), T + timedelta(days=9)
    )
    assert owes.opening_minor == 0
    assert owes.lines["amount_minor"].to_list() == [-1000, -500, 400, 500]
    assert owes.lines["reverses"].to_list() == [None, None, None, 2]
    nobody = statement(shop, Account(AccountKind.PARTNER_PAID, "nobody", "USD"), T, NOW)
    assert (nobody.opening_minor, nobody.lines.is_empty(), nobody.closing_minor) == (0, True, 0)


def test_a_batch_that_is_taken_back_leaves_no_gap_in_the_numbers() -> None:
    shop = program()
    with transaction.atomic():
        post(shop, postings(APPROVALS), now=NOW)
        transaction.set_rollback(True)
    assert post(shop, postings(APPROVALS)[:1], now=NOW).rows() == [("a", 1, True)]
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from ledger_account where program_id = %s", [shop])
        assert cursor.fetchone() == (2,)
