"""Pricing at its edges: every currency, the largest amounts, many versions of terms in one batch, and what is refused.

The worked cases and every sentence of spec 20 stand in `tests/cases/test_pricing.py`.
"""

import random
from dataclasses import replace

import polars as pl
import pytest

from accredit.engine import frames, pricing
from accredit.engine.pricing import Trace, UnknownTerms, price, summarize
from accredit.engine.program import Adjustment, EventType, Payout, Program, Rate, Terms
from accredit.engine.trace import CommissionTooLarge
from accredit.money import MAX_AMOUNT_MINOR, decimals_by_currency
from tests.factories.frames import frame
from tests.factories.pricing import credits_to_a, payout, program_paying
from tests.factories.tables import T, table
from tests.reference.crediting import Credit
from tests.reference.facts import Conversion, Item

LARGEST = MAX_AMOUNT_MINOR


def order(number: int = 0, **fields: object) -> Conversion:
    return Conversion(**{"order_token": str(number), "occurred_at": T, "turnover_minor": 100_00, **fields})  # type: ignore[arg-type]


def priced(
    program: Program, orders: list[Conversion], items: list[Item] | None = None, credits: list[Credit] | None = None
) -> Trace:
    """The engine on plain values; every order is credited to a partner under version 1 of the standard terms unless
    credits say otherwise."""
    return price(
        program,
        frame(orders, frames.CONVERSIONS),
        frame(credits or credits_to_a(orders), frames.CREDITS),
        frame(items or [], frames.ITEMS),
    )


def commissions(trace: Trace) -> list[int]:
    return trace.orders["commission_minor"].to_list()


def test_every_currency_of_iso_4217_is_priced_in_its_own_minor_units() -> None:
    currencies = sorted(decimals_by_currency())
    fixed = {currency: number + 1 for number, currency in enumerate(currencies)}
    program = program_paying("10 %; group big: 20 % when order_total gte 10")
    [terms] = program.terms
    lead = Payout("lead", "order", "Lead", Rate(fixed=fixed))
    program = replace(program, terms=(replace(terms, payouts=(*terms.payouts, lead)),))

    sales = [order(n, currency=currency, turnover_minor=995) for n, currency in enumerate(currencies)]
    leads = [replace(sale, event_type="lead") for sale in sales]
    expected = {0: 199, 2: 100, 3: 100, 4: 100}  # 995 is 10 and more only where the currency has no decimals
    assert commissions(priced(program, [*sales, *leads])) == [
        *(expected[decimals_by_currency()[currency]] for currency in currencies),
        *(fixed[currency] for currency in currencies),
    ]


LARGEST_AMOUNTS = [
    ("100 %", LARGEST, LARGEST),
    ("50 %", LARGEST, (LARGEST + 1) // 2),
    ("0.0001 %", LARGEST, 1_000_000_000),
    ("1000 %", LARGEST // 10, LARGEST - 9),
    ("1000 %; adjust less: -999.9999 %", LARGEST, 0),
    ("1000 %; adjust less: -99.9999 %", LARGEST, 10_000_000_000),
    (f"100 %; {'; '.join(f'adjust a{n}: -1000 %' for n in range(60))}", LARGEST, 0),
    (f"1000 %; {'; '.join(f'adjust a{n}: {s}1000 %' for n, s in enumerate('+-' * 30))}", LARGEST // 10, LARGEST - 9),
    ("fixed 9999999999999.99 USD; adjust less: -50 %", 0, (LARGEST + 1) // 2),
    ("0 %; adjust more: +9999999999999.99 USD", 5, LARGEST),
    ("0 %; adjust less: -9999999999999.99 USD; adjust more: +9999999999999.99 USD", 5, 0),
]


@pytest.mark.parametrize(("terms", "turnover", "commission"), LARGEST_AMOUNTS)
def test_the_largest_amounts_are_exact(terms: str, turnover: int, commission: int) -> None:
    assert commissions(priced(program_paying(terms), [order(turnover_minor=turnover)])) == [commission]


TOO_LARGE = [
    ("1000 %", LARGEST // 10 + 1),
    ("1000 %", LARGEST),
    ("100 %; adjust more: +0.01 USD", LARGEST),
    (f"1000 %; {'; '.join(f'adjust a{n}: +1000 %' for n in range(60))}", LARGEST),
    (f"fixed 9999999999999.99 USD; {'; '.join(f'adjust a{n}: +1000 %' for n in range(60))}", 0),
]


@pytest.mark.parametrize(("terms", "turnover"), TOO_LARGE)
def test_a_commission_of_10_to_the_15_is_refused(terms: str, turnover: int) -> None:
    orders = [order(0, turnover_minor=0, currency="EUR"), order(1, turnover_minor=turnover)]
    with pytest.raises(CommissionTooLarge, match=r"^conversions 1: .*10\^15 minor units; check") as refused:
        priced(program_paying(terms), orders)
    assert refused.value.conversions == [1]


def test_half_a_unit_below_10_to_the_15_is_rounded_up_and_refused() -> None:
    half = order(turnover_minor=10)
    program = program_paying("5 %; adjust more: +9999999999999.98 USD")
    assert commissions(priced(program, [replace(half, turnover_minor=29)])) == [LARGEST]  # 1.45 more
    with pytest.raises(CommissionTooLarge):
        priced(program, [replace(half, turnover_minor=30)])  # 1.5 more


def test_items_are_bounded_each_and_together() -> None:
    program = program_paying("fixed 5000000.00 USD; level item")
    pieces = Item(conversion=1, item_id="a", quantity=10**6, turnover_minor=0)
    assert commissions(priced(program, [order(0), order(1)], [pieces])) == [5 * 10**8, 5 * 10**14]
    for items in ([replace(pieces, quantity=10**8)], [pieces, replace(pieces, item_id="b")]):
        with pytest.raises(CommissionTooLarge, match=r"^conversions 1: "):
            priced(program, [order(0), order(1)], items)


@pytest.mark.parametrize(("sign", "refused"), [("+", True), ("-", False)])
def test_the_largest_sum_of_all_fits_into_128_bits(sign: str, refused: bool) -> None:
    terms = f"fixed 9999999999999.99 USD; level item; {'; '.join(f'adjust a{n}: {sign}1000 %' for n in range(60))}"
    item = Item(conversion=0, item_id="a", quantity=10**8, turnover_minor=LARGEST)
    if refused:
        with pytest.raises(CommissionTooLarge):
            priced(program_paying(terms), [order()], [item])
    else:
        assert commissions(priced(program_paying(terms), [order()], [item])) == [0]


def test_all_conversions_that_are_too_large_are_named_at_once() -> None:
    """An order, an item, and the items of an order together."""
    program = program_paying("100 %; adjust more: +0.01 USD when country in DE; level item")
    orders = [order(0, turnover_minor=LARGEST, country="DE"), *(order(n) for n in range(1, 4))]
    orders[2] = replace(orders[2], country="DE")
    items = [
        Item(conversion=conversion, item_id=item_id, turnover_minor=turnover)
        for conversion, item_id, turnover in [(1, "a", LARGEST), (1, "b", 1), (2, "a", LARGEST), (3, "a", LARGEST)]
    ]
    with pytest.raises(CommissionTooLarge) as refused:
        priced(program, orders, items)
    assert refused.value.conversions == [0, 1, 2]


def test_sums_of_very_many_items_do_not_wrap() -> None:
    """18,450 commissions of nearly 10^15 add up to more than 64 bits hold."""
    items = [Item(conversion=0, item_id=str(n), turnover_minor=LARGEST) for n in range(18_450)]
    with pytest.raises(CommissionTooLarge, match=r"^conversions 0: "):
        priced(program_paying("100 %; level item"), [order()], items)


def test_the_first_ten_of_many_conversions_are_named() -> None:
    with pytest.raises(CommissionTooLarge, match=r"^conversions 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more: ") as refused:
        priced(program_paying("1000 %"), [order(n, turnover_minor=LARGEST) for n in range(12)])
    assert refused.value.conversions == list(range(12))


def test_terms_that_the_program_does_not_have_are_refused() -> None:
    orders = [order(n) for n in range(3)]
    credits = credits_to_a(orders)
    credits[1] = replace(credits[1], terms_version=2)
    with pytest.raises(
        UnknownTerms, match=r"^conversions 1: program anvils has no version 2 of terms standard; add it"
    ):
        priced(program_paying("10 %"), orders, credits=credits)


def many_lots() -> tuple[Program, list[Conversion], list[Credit], list[Item]]:
    """Three versions of terms, two event types, three currencies; some by item, some blocked, some of nobody."""
    chance = random.Random(4)
    versions = (
        "10 %; adjust mobile: +5 % when device in mobile",
        "10 %; group new: 7 % when customer_status in new; level item; restrict cards: category in card",
        "fixed 5.00 USD 4.00 EUR; adjust bonus: +1.00 USD; restrict small: order_total lt 50",
    )
    program = replace(
        program_paying("10 %"),
        terms=tuple(Terms("standard", number, (payout(text),)) for number, text in enumerate(versions, start=1)),
    )
    orders = [
        order(
            number,
            event_type=chance.choice(["sale", "sale", "lead"]),
            currency=chance.choice(["USD", "EUR", "JPY"]),
            turnover_minor=chance.choice([10_00, 100_00]),
            customer_status=chance.choice(["New", "Existing", None]),
            category=chance.choice(["card", "shoes", None]),
            device=chance.choice(["mobile", None]),
        )
        for number in range(200)
    ]
    credits = [
        replace(credit, terms_version=chance.choice([1, 2, 3]), blocked=chance.random() < 0.1)
        if chance.random() < 0.8
        else replace(credit, credited_to="none", partner=None, terms=None, terms_version=None)
        for credit in credits_to_a(orders)
    ]
    items = [
        Item(conversion=number, item_id=f"i{n}", turnover_minor=5_00 * n, category=chance.choice(["card", "shoes"]))
        for number in range(0, 200, 2)
        for n in range(3)
    ]
    return program, orders, credits, items


def test_a_batch_gives_what_its_conversions_give_one_by_one() -> None:
    program, orders, credits, items = many_lots()
    trace = priced(program, orders, items, credits)
    assert dict(trace.orders.schema) == dict(frames.PRICED_ORDERS)
    assert dict(trace.items.schema) == dict(frames.PRICED_ITEMS)
    assert dict(trace.rates.schema) == dict(frames.RATES)
    together = summarize(trace)
    for number, (one, credit) in enumerate(zip(orders, credits, strict=True)):
        basket = [replace(item, conversion=0) for item in items if item.conversion == number]
        assert summarize(priced(program, [one], basket, [credit])).row(0) == together.row(number)


def test_rates_do_not_depend_on_the_order_of_rows() -> None:
    program, orders, credits, items = many_lots()
    trace = priced(program, orders, items, credits)
    backwards = priced(
        program, orders[::-1], [replace(item, conversion=199 - item.conversion) for item in items[::-1]], credits[::-1]
    )
    assert backwards.rates.equals(trace.rates)
    assert backwards.orders.reverse().equals(trace.orders)
    assert backwards.items.reverse().drop("conversion").equals(trace.items.drop("conversion"))
    assert summarize(backwards).reverse().equals(summarize(trace))
    assert trace.rates["rate"].to_list() == list(range(len(trace.rates)))
    assert not trace.rates.drop("rate").is_duplicated().any()


def test_event_types_and_versions_that_pay_alike_share_a_rate() -> None:
    program = program_paying("10 %")
    [terms] = program.terms
    program = replace(program, terms=(replace(terms, payouts=(terms.payouts[0], payout("10 %", "lead"))),))
    trace = priced(program, [order(0), order(1, event_type="lead"), order(2, event_type="signup")])
    assert trace.orders["rate"].to_list() == [0, 0, 1] or trace.orders["rate"].to_list() == [1, 1, 0]
    assert trace.rates.filter(pl.col("restriction") == "event_type_not_paid")["level"].to_list() == [None]


def test_nothing_is_priced_of_nothing() -> None:
    trace = priced(program_paying("10 %; group g: 5 % when promo_code in a and category in b"), [])
    assert (len(trace.orders), len(trace.items), len(trace.rates)) == (0, 0, 0)
    assert dict(trace.rates.schema) == dict(frames.RATES)
    assert summarize(trace).columns == ["commission_minor", "model", "adjustments", "restriction"]


def test_what_no_partner_is_credited_with_keeps_no_rate() -> None:
    nobody = Credit(credited_to="none", reason="no_candidate", blocked=True)
    item = Item(conversion=0, item_id="a", turnover_minor=100)
    trace = priced(program_paying("10 %; level item"), [order()], [item], [nobody])
    assert trace.orders.row(0) == ("USD", 100_00, None, 0)
    assert trace.items.row(0) == (0, "a", 1, 100, None, None)
    assert summarize(trace).row(0) == (0, None, None, None)


REFUSALS = table("""
    event_type | blocked | country | restriction
    sale       | yes     | FR      | foreign_promo_code
    lead       | yes     | FR      | foreign_promo_code
    lead       | no      | FR      | event_type_not_paid
    sale       | no      | FR      | not there
    sale       | no      | DE      | no_amount_in_currency
""")


@pytest.mark.parametrize("case", REFUSALS, ids=lambda row: row["restriction"])
def test_why_nothing_is_paid_is_looked_for_in_this_order(case: dict[str, str]) -> None:
    one = order(currency="EUR", event_type=case["event_type"], country=case["country"])
    program = program_paying("fixed 5.00 USD; adjust a: +5 %; restrict not there: country in FR")
    trace = priced(program, [one], credits=credits_to_a([one], blocked=case["blocked"] == "yes"))
    assert summarize(trace).row(0) == (0, None, None, case["restriction"])
    [kept] = trace.rates.iter_rows(named=True)
    assert (kept["terms"], kept["terms_version"], kept["currency"]) == ("standard", 1, "EUR")


def test_names_are_told_once_in_the_order_of_the_items() -> None:
    """Items count in the order of their ids as text: 10 goes before 9."""
    program = program_paying(
        "10 %; group hats: 5 % when category in hats; group coats: 7 % when category in coats; level item;"
        "adjust b: +1 % when category in hats/shoes; adjust a: +1 % when category not_in coats; adjust b: +2 %;"
        "restrict cards: category in card; restrict bags: category in bag"
    )
    items = [
        Item(conversion=0, item_id=item_id, turnover_minor=10_00, category=category)
        for item_id, category in [("9", "shoes"), ("8", "bag"), ("10", "hats"), ("11", "coats"), ("12", "card")]
    ]
    random.Random(2).shuffle(items)
    uniform = [Item(conversion=1, item_id=str(n), turnover_minor=10_00, category="coats") for n in range(3)]
    told = summarize(priced(program, [order(0), order(1)], [*items, *uniform]))
    assert told.row(0)[1:] == ("hats;coats;default", "b;a", "cards;bags")
    assert told.row(1)[1:] == ("coats", "b", None)


def test_an_adjustment_may_have_no_rules_and_a_status_no_mapping() -> None:
    """What the engine is given it takes as it is: a status of the advertiser's own compares like any text."""
    paid = Payout("sale", "order", "M", Rate(percent_ppm=0), adjustments=(Adjustment("always", None, {"USD": 7}, ()),))
    program = replace(program_paying("1 %"), event_types=(EventType("sale"),), terms=(Terms("standard", 1, (paid,)),))
    assert commissions(priced(program, [order()])) == [7]


def test_pricing_is_one_door() -> None:
    """Everything that callers need of pricing is named in one module."""
    assert {"price", "reprice", "summarize", "Trace", "PricingError"} <= set(pricing.__all__)
