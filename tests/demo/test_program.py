"""The demo shows the whole of crediting and pricing, in believable proportions."""

from collections import Counter

import polars as pl
import pytest

from accredit.demo.input import PROGRAM_CODE, PROGRAM_FILE, DemoInput, demo_input
from accredit.demo.orders import EVENT_TYPE
from accredit.engine.deciding import Decided, decide
from accredit.engine.frames import EVENT_TYPE_NOT_PAID, FOREIGN_PROMO_CODE, NO_AMOUNT_IN_CURRENCY, OUTCOME
from accredit.engine.program import CreditGroup, Program
from accredit.files.program_file import read_program


@pytest.fixture(scope="module")
def program() -> Program:
    return read_program(PROGRAM_FILE)


@pytest.fixture(scope="module")
def demo() -> DemoInput:
    return demo_input(None)


@pytest.fixture(scope="module")
def decided(program: Program, demo: DemoInput) -> Decided:
    return decide(program, demo.conversions, demo.clicks, demo.items)


def test_the_program_has_something_of_everything(program: Program) -> None:
    periods = [period for contract in program.contracts for period in contract.periods]
    payouts = [payout for terms in program.terms for payout in terms.payouts]

    assert program.code == PROGRAM_CODE
    assert {period.credit_group for period in periods} == set(CreditGroup)
    assert {code.policy for code in program.promo_codes} == {"always", "involved", "winner"}
    assert {code.match for code in program.promo_codes} == {"exact", "regex"}
    assert {payout.level for payout in payouts} == {"order", "item"}
    assert any(terms.modification_starts_at for terms in program.terms)
    assert all(any(p.terms == t.code and p.version == t.version for p in periods) for t in program.terms)


def test_about_half_of_the_orders_are_credited_to_partners(decided: Decided) -> None:
    credited = Counter(decided.credits["credited_to"])

    assert 0.5 < credited["partner"] / credited.total() < 0.6
    assert 0.2 < credited["channel"] / credited.total() < 0.3
    assert 0.2 < credited["none"] / credited.total() < 0.3


def test_every_partner_and_channel_is_credited_at_times(program: Program, decided: Decided) -> None:
    parties = {p.code for p in program.partners} | {c.code for c in program.channels}

    assert {*decided.credits["partner"], *decided.credits["channel"]} - {None} == parties


def test_every_outcome_occurs(decided: Decided) -> None:
    assert decided.explanations is not None
    # A partner whom the program does not know can only be met by live clicks (spec 10).
    assert set(OUTCOME.categories) - set(decided.explanations["outcome"]) == {"unknown_partner"}


def test_every_promo_code_is_named_at_times(program: Program, decided: Decided) -> None:
    assert set(decided.credits["promo_code"]) - {None} == {code.code for code in program.promo_codes}


def test_every_way_of_being_paid_occurs(program: Program, decided: Decided) -> None:
    payouts = [payout for terms in program.terms for payout in terms.payouts]
    rates = decided.trace.rates

    assert set(rates["model"]) - {None} == {p.model for p in payouts} | {g.model for p in payouts for g in p.groups}
    assert set(rates["restriction"]) - {None} == {r.name for p in payouts for r in p.restrictions} | {
        EVENT_TYPE_NOT_PAID,
        FOREIGN_PROMO_CODE,
        NO_AMOUNT_IN_CURRENCY,
    }
    assert set(rates["adjustments"].explode().struct.field("name")) - {None} == {
        a.name for p in payouts for a in p.adjustments
    }


def test_no_partner_earns_more_than_the_order_is_worth(decided: Decided) -> None:
    orders = decided.trace.orders.filter(decided.conversions["event_type"] == EVENT_TYPE)
    paid = orders.filter(pl.col("commission_minor") > 0)

    assert paid.height > orders.height / 3
    assert paid.filter(pl.col("commission_minor") > pl.col("turnover_minor")).is_empty()
