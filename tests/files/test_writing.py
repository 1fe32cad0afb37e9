"""A program as a file and back, and its payouts as JSON and back: nothing is lost or added."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from accredit import money
from accredit.engine.program import (
    NUMBER_FIELDS,
    NUMBER_OPERATORS,
    TEXT_FIELDS,
    TEXT_OPERATORS,
    Ad,
    Adjustment,
    Channel,
    ChannelPeriod,
    Contract,
    ContractPeriod,
    CreditGroup,
    EventType,
    Partner,
    Payout,
    PayoutGroup,
    Program,
    Project,
    PromoCode,
    Rate,
    RejectionReason,
    Restriction,
    Rule,
    Terms,
    Tracking,
)
from accredit.files import parse_program, read_program, write_program
from accredit.files.terms_json import payouts_from_json, payouts_to_json
from tests.files.test_program_file import EXAMPLE
from tests.properties.examples import examples

CURRENCIES = ("USD", "JPY", "KWD", "UYW")
letters = st.characters(codec="utf-8", exclude_categories=["Cc"], exclude_characters=";,")
names = st.text(letters, min_size=1, max_size=12).filter(lambda text: text == text.strip())
words = st.text(letters, min_size=1, max_size=12).filter(str.strip)
comments = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=30)
days = st.integers(1, 3650)
groups = st.sampled_from(CreditGroup)
instants = st.datetimes(datetime(1990, 1, 1), datetime(2100, 1, 1)).map(lambda at: at.replace(tzinfo=UTC))  # noqa: DTZ001
amounts = st.dictionaries(st.sampled_from(CURRENCIES), st.integers(0, money.MAX_AMOUNT_MINOR), min_size=1)
changes = st.dictionaries(
    st.sampled_from(CURRENCIES), st.integers(-money.MAX_AMOUNT_MINOR, money.MAX_AMOUNT_MINOR), min_size=1
)
rates = st.builds(lambda ppm: Rate(percent_ppm=ppm), st.integers(0, 10**7)) | st.builds(
    lambda fixed: Rate(fixed=fixed), amounts
)
numbers = st.decimals(-(10**12), 10**12, allow_nan=False, places=4) | st.integers(0, 10**14).map(Decimal)
rules = st.builds(
    lambda field, operator, values: Rule(field, operator, values=("usd",) if field == "currency" else tuple(values)),
    st.sampled_from(TEXT_FIELDS), st.sampled_from(TEXT_OPERATORS), st.lists(words, min_size=1, max_size=3),
) | st.builds(
    lambda field, operator, number: Rule(field, operator, number=number),
    st.sampled_from(NUMBER_FIELDS), st.sampled_from(NUMBER_OPERATORS), numbers,
)  # fmt: skip
when = st.lists(rules, max_size=3).map(tuple)
adjustments = st.builds(
    lambda name, ppm, when: Adjustment(name, ppm, None, when), names, st.integers(-(10**7), 10**7), when
)
adjustments |= st.builds(lambda name, amount, when: Adjustment(name, None, amount, when), names, changes, when)


def several(one: st.SearchStrategy[Any], most: int = 2) -> st.SearchStrategy[Any]:
    return st.lists(one, max_size=most).map(tuple)


def spans(count: int) -> st.SearchStrategy[list[tuple[datetime, datetime | None]]]:
    """Half-open spans that follow each other, the last one perhaps open."""

    def cut(start: datetime, steps: list[int], is_open: bool) -> list[tuple[datetime, datetime | None]]:
        found: list[tuple[datetime, datetime | None]] = []
        for step in steps:
            found.append((start, start + timedelta(microseconds=step)))
            start += timedelta(microseconds=step)
        if found and is_open:
            found[-1] = (found[-1][0], None)
        return found

    return st.builds(cut, instants, st.lists(st.integers(1, 10**14), max_size=count), st.booleans())


def payouts_for(event_type: str) -> st.SearchStrategy[Payout]:
    return st.builds(
        Payout, st.just(event_type), st.sampled_from(("order", "item")), names, rates,
        several(st.builds(PayoutGroup, names, rates, when)), several(adjustments),
        several(st.builds(Restriction, names, when)),
    )  # fmt: skip


@st.composite
def programs(draw: st.DrawFn) -> Program:
    partners = draw(st.lists(names, unique=True, min_size=1, max_size=3))
    event_types = draw(st.lists(names, unique=True, min_size=1, max_size=2))
    mappings = st.dictionaries(st.sampled_from(("New", "VIP", 'a "b"', "Re-Engaged")), st.just(()), max_size=3)
    payouts = [payouts_for(event_type) for event_type in event_types]
    versions = draw(st.lists(st.tuples(names, st.integers(1, 99)), unique=True, min_size=1, max_size=3))
    terms = tuple(
        Terms(code, version, draw(st.tuples(*payouts)), draw(st.none() | instants), draw(st.booleans()), draw(comments))
        for code, version in versions
    )
    contracts = []
    for partner in draw(st.lists(st.sampled_from(partners), unique=True)):
        periods = [
            ContractPeriod(*span, *draw(st.sampled_from(versions)), draw(groups), draw(days)) for span in draw(spans(3))
        ]
        contracts.append(Contract(partner, tuple(periods), tuple(draw(st.lists(words, max_size=2)))))
    channels = [
        Channel(
            code, draw(names), draw(groups), draw(days),
            tuple(ChannelPeriod(*span, draw(groups), draw(days)) for span in draw(spans(2))),
        )
        for code in draw(st.lists(names, unique=True, max_size=2))
    ]  # fmt: skip
    promo_codes = [
        PromoCode(f"CODE-{number}", draw(st.sampled_from(("exact", "regex"))), draw(st.sampled_from(partners)),
                  draw(st.sampled_from(("always", "involved", "winner"))), *span)
        for number, span in enumerate(draw(spans(3)))
    ]  # fmt: skip
    owner = st.none() | st.sampled_from(partners)
    return Program(
        code=draw(names), name=draw(names), advertiser=draw(names), currency=draw(st.sampled_from(CURRENCIES)),
        timezone=draw(st.sampled_from(("UTC", "Europe/Berlin"))), referral_window_days=draw(days),
        event_types=tuple(EventType(code, draw(st.none() | mappings)) for code in event_types),
        foreign_promo_code=draw(st.sampled_from(("credit", "invalid"))),
        partners=tuple(Partner(code, draw(names)) for code in partners),
        channels=tuple(channels), promo_codes=tuple(promo_codes), terms=terms, contracts=tuple(contracts),
        ads=tuple(Ad(code, draw(names), draw(st.sampled_from(("", "https://a.example/ü?b=c")))) for code in draw(
            st.lists(names, unique=True, max_size=2))),
        projects=tuple(
            Project(code, draw(names), draw(owner)) for code in draw(st.lists(names, unique=True, max_size=2))),
        rejection_reasons=tuple(
            RejectionReason(code, draw(names), draw(names)) for code in draw(st.lists(names, unique=True, max_size=2))),
        tracking=draw(st.builds(
            Tracking, several(st.sampled_from(("a.example", "b.example:80"))), st.just("acc"),
            st.sampled_from(("", "http://a.example")), st.none() | st.integers(1, 999))),
    )  # fmt: skip


@given(programs())
@examples(20)
def test_a_written_program_reads_back_as_itself(program: Program) -> None:
    text = write_program(program)
    again = parse_program("p.toml", text.encode())
    assert again == program
    assert write_program(again) == text


@given(st.lists(payouts_for("sale"), max_size=3))
@examples(40)
def test_payouts_pass_through_json_unchanged(payouts: list[Payout]) -> None:
    text = json.dumps(payouts_to_json(payouts))
    again = payouts_from_json(json.loads(text, parse_float=no_float))
    assert again == tuple(payouts)
    assert json.dumps(payouts_to_json(again)) == text


def no_float(number: str) -> None:
    raise AssertionError(f"{number} is a float")


def test_the_example_is_written_readably() -> None:
    program = read_program(EXAMPLE)
    text = write_program(program)
    assert parse_program("p.toml", text.encode()) == program
    assert (
        """
  [[terms.payout]]
  event_type = "sale"
  level = "order"
  model = "Standard 10 %"
  percent = "10"

    [[terms.payout.group]]
    model = "New customers 15 %"
    percent = "15"
    when = [{ field = "customer_status", in = ["New"] }]

    [[terms.payout.adjustment]]
    name = "Mobile"
    percent = "5"
    when = [{ field = "device", in = ["mobile"] }, { field = "order_total", gte = "50" }]

    [[terms.payout.adjustment]]
    name = "Thank you"
    amount = { JPY = "100", USD = "-1.00" }
"""
        in text
    )


def test_payouts_as_json() -> None:
    first, second = payouts_to_json(read_program(EXAMPLE).terms[0].payouts)
    assert first["adjustments"][0] == {
        "name": "Mobile",
        "percent_ppm": 50_000,
        "when": [{"field": "device", "in": ["mobile"]}, {"field": "order_total", "gte": "50"}],
    }
    assert (first["percent_ppm"], second["fixed"]) == (100_000, {"USD": 500})
