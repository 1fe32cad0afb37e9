"""What holds for every ledger: whatever is posted, taken back and closed, the tables and plain Python agree."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import chain
from uuid import UUID

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from accredit.ledger.checks import check
from accredit.ledger.frames import POSTINGS, Account, AccountKind
from accredit.ledger.operations import EntriesRefused, MonthStaysOpen, close_month, post, reverse
from accredit.ledger.queries import balances, end_of_month, month_to_close, statement
from tests.factories.sessions import together
from tests.factories.tables import T
from tests.ledger.entries import program
from tests.ledger.reference import AccountName, Entry, Ledger, Posting, Refused
from tests.properties.examples import examples

KINDS = [("advertiser_owes", None)] + [
    (kind, partner) for kind in ("partner_earned", "partner_paid") for partner in ("a", "A", "ä:b")
]
AMOUNTS = st.sampled_from([1, 2, 99, 100, 10**15 - 1])
DAYS = st.sampled_from([0, 0, -1, -27, -29, -58, -59, -60, -90])
"""T is noon of the first of March; with half a day off, an entry lies at the very start or end of a month."""
SLIPS = st.sampled_from([timedelta(), timedelta(hours=-12), timedelta(hours=-12, microseconds=-1)])


@st.composite
def entries(draw: st.DrawFn, keys: Sequence[str], least: int = 0) -> list[Entry]:
    found = []
    for key in draw(st.lists(st.sampled_from(keys), min_size=least, max_size=5, unique=True)):
        currency = draw(st.sampled_from(["USD", "JPY"]))
        postings = []
        for _ in range(draw(st.sampled_from([1, 1, 1, 2, 3]))):
            origin, target = draw(st.permutations(KINDS))[:2]
            postings.append(Posting((*origin, currency), (*target, currency), draw(AMOUNTS)))
        at = T + timedelta(days=draw(DAYS)) + draw(SLIPS)
        kind = draw(st.sampled_from(["approval", "correction", "payout"]))
        found.append(Entry(key, at, kind, draw(st.sampled_from(["cv_1 1", "cv_1 2"])), tuple(postings)))
    return found


def frame(posted: Sequence[Entry]) -> pl.DataFrame:
    rows = [
        (
            *(entry.key, entry.occurred_at, entry.kind, entry.cause, one.origin[2]),
            *(*one.origin[:2], *one.target[:2], one.amount_minor),
        )
        for entry in posted
        for one in entry.postings
    ]
    return pl.DataFrame(rows, schema=dict(POSTINGS), orient="row")


def found(program_id: UUID, until: datetime | None = None) -> dict[AccountName, int]:
    return {
        (kind, partner, currency): balance
        for kind, partner, currency, balance in balances(program_id, until=until).iter_rows()
    }


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("post"), entries([f"k{n}" for n in range(6)]), st.just(0)),
        st.tuples(st.just("again"), st.lists(st.integers(0, 9), min_size=1, max_size=3), st.just(0)),
        st.tuples(st.just("reverse"), st.lists(st.integers(0, 9), min_size=1, max_size=3), st.integers(0, 1)),
        st.tuples(st.just("close"), st.just([]), st.just(0)),
    ),
    min_size=1,
    max_size=8,
)


class Both:
    """A ledger in the tables and one in plain Python, that live through the same."""

    def __init__(self) -> None:
        self.program_id = program()
        self.plain = Ledger()
        self.now = T

    def step(self, what: str, values: list[Entry] | list[int], choice: int) -> None:
        self.now += timedelta(hours=6)
        known = len(self.plain.entries)
        if what == "close":
            self.close()
        elif what == "post":
            self.post([one for one in values if isinstance(one, Entry)])
        elif known:
            numbers = [number % known + 1 for number in values if isinstance(number, int)]
            if what == "reverse":
                self.reverse(numbers, f"cause {choice}")
            else:
                again = [self.plain.entries[number - 1] for number in dict.fromkeys(numbers)]
                self.post([entry for entry in again if entry.kind != "reversal"])

    def post(self, came: Sequence[Entry]) -> None:
        rows = frame(came)
        self.same(partial(self.plain.post, came), partial(post, self.program_id, rows, now=self.now))

    def reverse(self, numbers: Sequence[int], cause: str) -> None:
        self.same(
            partial(self.plain.reverse, numbers, cause, self.now),
            partial(reverse, self.program_id, numbers, cause=cause, now=self.now),
        )

    def close(self) -> None:
        month = month_to_close(self.program_id)
        if month is None or end_of_month(month) > self.now:
            with pytest.raises(MonthStaysOpen):
                close_month(self.program_id, month or T.date().replace(day=1), now=self.now)
        else:
            assert close_month(self.program_id, month, now=self.now)
            self.plain.open_since = end_of_month(month)

    def same(self, plain: partial[list[tuple[str, int, bool]]], tables: partial[pl.DataFrame]) -> None:
        try:
            expected = plain()
        except Refused as error:
            refused = error.keys
        else:
            assert tables().rows() == expected
            return
        with pytest.raises(EntriesRefused) as raised:
            tables()
        assert set(raised.value.refusals["key"]) == refused

    def compare(self) -> None:
        assert found(self.program_id) == self.plain.balances()
        for until in (T - timedelta(days=30), T - timedelta(hours=12)):
            assert found(self.program_id, until) == self.plain.balances(until)
        since, name = T - timedelta(days=59), ("advertiser_owes", None, "USD")
        shown = statement(self.program_id, Account(AccountKind.ADVERTISER_OWES, None, "USD"), since, T)
        assert shown.opening_minor == self.plain.balances(since).get(name, 0)
        assert shown.closing_minor == self.plain.balances(T).get(name, 0)
        assert shown.lines["balance_minor"].to_list()[-1:] in ([], [shown.closing_minor])
        assert check(self.program_id).rows() == []


@pytest.mark.django_db
@examples(25)
@given(STEPS)
def test_the_tables_say_what_plain_python_says(
    steps: list[tuple[str, list[Entry] | list[int], int]],
) -> None:
    both = Both()
    for step in steps:
        both.step(*step)
    both.compare()


SESSIONS = st.lists(st.lists(st.sampled_from(range(12)), min_size=1, max_size=8, unique=True), min_size=2, max_size=4)


@pytest.mark.django_db(transaction=True)
@examples(10)
@given(SESSIONS, entries([f"k{n}" for n in range(12)], least=1), st.booleans())
def test_whoever_comes_first_every_key_is_posted_once(
    sessions: list[list[int]], pool: list[Entry], closing: bool
) -> None:
    shop, plain = program(), Ledger()
    batches = [[pool[n] for n in dict.fromkeys(number % len(pool) for number in session)] for session in sessions]

    def session(batch: list[Entry]) -> list[str]:
        try:
            posted = post(shop, frame(batch), now=T)
        except EntriesRefused:
            return []
        return posted.filter("new")["key"].to_list()

    def close() -> list[str]:
        month = month_to_close(shop)
        if closing and month and end_of_month(month) <= T:
            close_month(shop, month, now=T)
        return []

    calls: list[Callable[[], list[str]]] = [*(partial(session, batch) for batch in batches), close]
    posted = list(chain.from_iterable(together(calls)))
    assert len(posted) == len(set(posted))
    plain.post([entry for entry in pool if entry.key in posted])
    assert found(shop) == plain.balances()
    assert closing or len(posted) == len({entry.key for batch in batches for entry in batch})
    assert check(shop).rows() == []
