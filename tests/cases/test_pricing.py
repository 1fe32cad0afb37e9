"""Spec 20, terms and arithmetic: how much. Every worked case and every rule, against the engine and the reference."""

from dataclasses import fields, replace

import pytest

from accredit import money
from accredit.engine.frames import RATES
from tests.factories import pricing
from tests.factories.implementations import Implementation
from tests.factories.pricing import credits_to_a, payout, program_paying
from tests.factories.tables import Row, T, table
from tests.reference.crediting import Credit
from tests.reference.facts import Conversion, Item
from tests.reference.pricing import KeptAdjustment, KeptRate, PricedItem, PricedOrder, Summary


def price(implementation: Implementation, terms: str, row: Row, *, blocked: bool = False) -> PricedOrder:
    """The one order that a row describes, credited to partner A under the terms."""
    order = pricing.order(row)
    items = pricing.items(row.get("items", ""), order.currency)
    credits = credits_to_a([order], blocked=blocked)
    [priced] = implementation.price(program_paying(terms), [order], credits, items)
    return priced


def told(implementation: Implementation, priced: PricedOrder) -> Row:
    """A priced order in the words of a table."""
    [summary] = implementation.summarize([priced])
    assert summary.commission_minor == priced.commission_minor
    return {
        "commission": str(money.to_major(priced.commission_minor, priced.currency)),
        "by item": " + ".join(
            str(money.to_major(item.commission_minor, priced.currency))
            for item in priced.items
            if item.commission_minor is not None
        ),
        "model": summary.model or "",
        "adjustments": summary.adjustments or "",
        "restriction": summary.restriction or "",
    }


def check(implementation: Implementation, terms: str, case: Row) -> None:
    """The commission of a row, and whatever else of the result it names."""
    result = told(implementation, price(implementation, terms, case))
    wanted = {name: cell for name, cell in case.items() if name in result}
    assert {name: result[name] for name in wanted} == wanted


NEW = "customer_status in New"
EXISTING = "customer_status in Existing"
BOTH = f"10 %; adjust n: +10 % when {NEW}; adjust e: -50 % when {EXISTING}"
LARGE = f"4 %; group both: 8 % when {NEW} and order_total gte 200; group large: 6 % when order_total gte 200"
WORKED_CASES = table(f"""
    turnover | currency | customer_status | commission | terms
    100      | USD      | -               | 10.00      | 10 %
    100      | USD      | New             | 15.00      | 10 %; group n: 15 % when {NEW}
    100      | USD      | Existing        | 10.00      | 10 %; group n: 15 % when {NEW}
    100      | USD      | New             | 10.50      | 10 %; adjust n: +5 % when {NEW}
    100      | USD      | New             | 11.00      | {BOTH}
    100      | USD      | Existing        | 5.00       | {BOTH}
    100      | USD      | New             | 15.75      | 10 %; group n: 15 % when {NEW}; adjust n: +5 % when {NEW}
    100      | USD      | -               | 11.50      | 10 %; adjust one: +10 %; adjust two: +5 %
    100      | USD      | -               | 0.00       | 10 %; adjust less: -150 %
    100      | USD      | -               | 6.00       | fixed 5.00 USD; adjust more: +1.00 USD
    250      | USD      | New             | 20.00      | {LARGE}
    250      | USD      | Existing        | 15.00      | {LARGE}
    199.99   | USD      | New             | 8.00       | {LARGE}
    999      | JPY      | -               | 100        | 10 %
    100      | EUR      | New             | 0.00       | 10 %; group n: fixed 5.00 USD when {NEW}
    100      | EUR      | Existing        | 10.00      | 10 %; group n: fixed 5.00 USD when {NEW}
""")


@pytest.mark.parametrize("case", WORKED_CASES, ids=lambda row: f"{row['turnover']} {row['terms']}")
def test_worked_cases(implementation: Implementation, case: Row) -> None:
    check(implementation, case["terms"], case)


CARDS = "10 %; level item; restrict c: category in card"
WORKED_BASKETS = table(f"""
    turnover | items             | commission | by item     | restriction | terms
    1.98     | a 0.99, b 0.99    | 0.24       | 0.12 + 0.12 | -           | 12.5 %; level item
    1.98     | a 0.99, b 0.99    | 0.25       | -           | -           | 12.5 %
    100      | shoes 50, card 50 | 5.00       | 5.00 + 0.00 | c           | {CARDS}
""")


@pytest.mark.parametrize("case", WORKED_BASKETS, ids=lambda row: row["terms"])
def test_worked_baskets(implementation: Implementation, case: Row) -> None:
    check(implementation, case["terms"], case)


def test_the_reason_stands_on_the_restricted_item(implementation: Implementation) -> None:
    priced = price(
        implementation,
        "10 %; level item; restrict no cards: category in gift-card; adjust bonus: +10 %",
        {"turnover": "100", "items": "shoes 50, gift-card 50"},
    )
    assert priced.rate is None
    kept = KeptRate(
        terms="standard",
        terms_version=1,
        level="item",
        currency="USD",
        model="default",
        percent_ppm=100_000,
        adjustments=(KeptAdjustment("bonus", 100_000, None),),
    )
    nothing = KeptRate(terms="standard", terms_version=1, level="item", currency="USD", restriction="no cards")
    assert priced.items == (PricedItem("1", 1, 50_00, kept, 5_50), PricedItem("2", 1, 50_00, nothing, 0))
    assert implementation.summarize([priced]) == [Summary(5_50, "default", "bonus", "no cards")]


def test_what_an_order_keeps(implementation: Implementation) -> None:
    """Terms and version, level, model, group, figures and the adjustments that applied, with theirs."""
    priced = price(
        implementation,
        """fixed 9.00 USD; group other: 1 % when country in FR; group eu: fixed 2.00 USD 1.50 EUR when country in DE;
        adjust a: +2.5 %; adjust b: -0.50 USD; adjust c: +0.25 EUR +1.00 USD; adjust d: +1 % when country in FR""",
        {"turnover": "100", "currency": "EUR", "country": "DE"},
    )
    assert priced.rate == KeptRate(
        terms="standard",
        terms_version=1,
        level="order",
        currency="EUR",
        model="eu",
        payout_group=2,
        fixed_minor=1_50,
        adjustments=(KeptAdjustment("a", 25_000, None), KeptAdjustment("c", None, 25)),
    )
    assert (priced.turnover_minor, priced.commission_minor) == (100_00, 1_79)  # 1.50 + 0.0375 + 0.25
    assert implementation.summarize([priced]) == [Summary(1_79, "eu", "a;c", None)]


ADJUSTED = table("""
    terms                                                       | turnover | items         | commission | by item
    10 %; adjust a: +100 %; adjust b: +100 %                    | 100      | -             | 30.00      | -
    10 %; adjust a: -50 %; adjust b: -50 %                      | 100      | -             | 0.00       | -
    10 %; adjust a: -50 %; adjust b: -50 %; adjust c: +0.01 USD | 100      | -             | 0.01       | -
    10 %; adjust a: -150 %; adjust b: +6.00 USD                 | 100      | -             | 1.00       | -
    10 %; adjust a: -20.00 USD                                  | 100      | -             | 0.00       | -
    10 %; adjust a: +1.00 USD; level item                       | 100      | x 50, y 30    | 10.00      | 6.00 + 4.00
    10 %; adjust a: +1.00 USD                                   | 100      | x 50, y 30    | 11.00      | -
    10 %; adjust a: -4.00 USD; level item                       | 100      | x 50, y 30    | 1.00       | 1.00 + 0.00
    10 %; adjust a: +1.00 USD; level item                       | 100      | x 3x 50       | 6.00       | 6.00
    fixed 2.00 USD; level item                                  | 100      | x 3x 50, y 20 | 8.00       | 6.00 + 2.00
    fixed 2.00 USD; adjust a: +50 %; level item                 | 100      | x 3x 50, y 20 | 12.00      | 9.00 + 3.00
    fixed 2.00 USD; adjust a: +1.00 USD; level item             | 100      | x 3x 50, y 20 | 10.00      | 7.00 + 3.00
    fixed 2.00 USD                                              | 100      | x 3x 50, y 20 | 2.00       | -
    fixed 2.00 USD; level item                                  | 100      | -             | 2.00       | -
    10 %; level item                                            | 100      | -             | 10.00      | -
    10 %; level item                                            | 100      | x 10, y 20    | 3.00       | 1.00 + 2.00
    10 %                                                        | 100      | x 10, y 20    | 10.00      | -
    fixed 2.00 USD                                              | 0        | -             | 2.00       | -
    10 %                                                        | 0        | -             | 0.00       | -
    0 %; adjust a: +50 %                                        | 100      | -             | 0.00       | -
""")


@pytest.mark.parametrize("case", ADJUSTED, ids=lambda row: f"{row['terms']} | {row['items']}")
def test_adjustments_quantities_and_levels(implementation: Implementation, case: Row) -> None:
    check(implementation, case["terms"], case)


ROUNDED = table("""
    terms                                   | turnover         | currency | commission
    10 %                                    | 0.05             | USD      | 0.01
    10 %                                    | 0.04             | USD      | 0.00
    10 %                                    | 0.15             | USD      | 0.02
    10 %                                    | 0.25             | USD      | 0.03
    50 %                                    | 1                | JPY      | 1
    49.9999 %                               | 1                | JPY      | 0
    0.0001 %                                | 500000           | JPY      | 1
    0.0001 %                                | 499999           | JPY      | 0
    10 %                                    | 0.005            | KWD      | 0.001
    10 %                                    | 1.2345           | UYW      | 0.1235
    10 %; adjust a: +5 %                    | 0.04             | USD      | 0.00
    10 %; adjust a: +25 %                   | 0.04             | USD      | 0.01
    33.3333 %; adjust a: +0.0001 %          | 1.50             | USD      | 0.50
    0.5 %; adjust a: -50 %; adjust b: -50 % | 1                | USD      | 0.00
    1 %; adjust a: +0.0001 %                | 50               | JPY      | 1
    1 %; adjust a: -0.0001 %                | 50               | JPY      | 0
    99.9999 %                               | 9999999999999.99 | USD      | 9999989999999.99
    10 %                                    | 999999999999999  | JPY      | 100000000000000
    99.9999 %; adjust a: -99.9999 %         | 999999999999999  | JPY      | 999999000
    99.9999 %; adjust a: +0.0001 %          | 999999999999999  | JPY      | 999999999998999
""")


@pytest.mark.parametrize("case", ROUNDED, ids=lambda row: f"{row['turnover']} {row['currency']} {row['terms']}")
def test_rounded_once_half_away_from_zero_in_the_currency(implementation: Implementation, case: Row) -> None:
    check(implementation, case["terms"], case)


X, Y = "restrict x: country in DE", "restrict y: currency in USD"
FIXED = "fixed 5 USD; adjust a: +5 %; adjust b: +1 EUR"
NO_AMOUNT = "no_amount_in_currency"
NOTHING_PAID = table(f"""
    currency | country | commission | model   | adjustments | restriction | terms
    USD      | DE      | 0.00       | -       | -           | x           | 10 %; {X}
    USD      | DE      | 0.00       | -       | -           | x           | 10 %; {X}; {Y}
    USD      | FR      | 0.00       | -       | -           | y           | 10 %; {X}; {Y}
    USD      | DE      | 10.00      | default | -           | -           | 10 %; {X} and currency in EUR
    EUR      | DE      | 0.00       | -       | -           | x           | fixed 5.00 USD; {X}
    EUR      | DE      | 0.00       | -       | -           | {NO_AMOUNT} | {FIXED}
    USD      | DE      | 5.25       | default | a           | -           | {FIXED}
    EUR      | DE      | 0.00       | -       | -           | {NO_AMOUNT} | 10 %; group g: fixed 5.00 USD; group h: 20 %
    EUR      | DE      | 20.00      | g       | -           | -           | fixed 5.00 USD; group g: 20 %
    EUR      | DE      | 10.50      | default | c           | -           | 10 %; adjust b: +1.00 USD; adjust c: +5 %
    USD      | DE      | 0.00       | -       | -           | x           | 10 %; {X}; adjust c: +5 %; group g: 9 %
""")


@pytest.mark.parametrize("case", NOTHING_PAID, ids=lambda row: f"{row['currency']} {row['country']} {row['terms']}")
def test_what_is_paid_nothing_says_why(implementation: Implementation, case: Row) -> None:
    check(implementation, case["terms"], {**case, "turnover": "100"})


def test_an_event_type_that_the_terms_do_not_pay(implementation: Implementation) -> None:
    priced = price(implementation, "10 %", {"event_type": "lead", "turnover": "100", "items": "x 50"})
    kept = KeptRate(terms="standard", terms_version=1, currency="USD", restriction="event_type_not_paid")
    assert priced == PricedOrder("USD", 100_00, kept, (PricedItem("1", 1, 50_00, None, None),), 0)
    assert implementation.summarize([priced]) == [Summary(0, None, None, "event_type_not_paid")]


@pytest.mark.parametrize("event_type", ["sale", "lead"])
@pytest.mark.parametrize("terms", ["10 %", "10 %; restrict x: currency in USD", "10 %; level item", "fixed 1.00 EUR"])
def test_a_foreign_code_is_looked_at_first(implementation: Implementation, event_type: str, terms: str) -> None:
    row = {"event_type": event_type, "turnover": "100", "items": "x 50"}
    priced = price(implementation, terms, row, blocked=True)
    kept = KeptRate(terms="standard", terms_version=1, currency="USD", restriction="foreign_promo_code")
    assert priced == PricedOrder("USD", 100_00, kept, (PricedItem("1", 1, 50_00, None, None),), 0)
    assert implementation.summarize([priced]) == [Summary(0, None, None, "foreign_promo_code")]


@pytest.mark.parametrize("credited_to", ["channel", "none"])
@pytest.mark.parametrize("terms", ["10 %; adjust a: +1.00 USD", "10 %; adjust a: +1.00 USD; level item"])
def test_only_partners_earn(implementation: Implementation, credited_to: str, terms: str) -> None:
    order = pricing.order({"turnover": "100"})
    credit = Credit(credited_to=credited_to, reason="last_click" if credited_to == "channel" else "no_candidate")
    [priced] = implementation.price(program_paying(terms), [order], [credit], pricing.items("x 50", "USD"))
    assert priced == PricedOrder("USD", 100_00, None, (PricedItem("1", 1, 50_00, None, None),), 0)
    assert implementation.summarize([priced]) == [Summary(0, None, None, None)]


def test_each_version_and_event_type_pays_its_own(implementation: Implementation) -> None:
    program = program_paying("10 %")
    first = program.terms[0]
    program = replace(
        program,
        terms=(
            replace(first, payouts=(payout("10 %"), payout("fixed 3.00 USD", "lead"))),
            replace(first, version=2, payouts=(payout("20 %; level item"),)),
            replace(first, code="other", payouts=(payout("30 %"),)),
        ),
    )
    lines = table("""
        event_type | terms    | version | commission
        sale       | standard | 1       | 1000
        lead       | standard | 1       | 300
        sale       | standard | 2       | 1000
        lead       | standard | 2       | 0
        sale       | other    | 1       | 3000
        lead       | other    | 1       | 0
    """)
    orders = [pricing.order({"event_type": line["event_type"], "turnover": "100"}) for line in lines]
    credits = [
        replace(credit, terms=line["terms"], terms_version=int(line["version"]))
        for credit, line in zip(credits_to_a(orders), lines, strict=True)
    ]
    items = [item for number in range(len(orders)) for item in pricing.items("x 20, y 30", "USD", number)]
    priced = implementation.price(program, orders, credits, items)
    assert [str(one.commission_minor) for one in priced] == [line["commission"] for line in lines]


MATCHED = table("""
    rule                       | field           | value      | matches
    currency in usd/eur        | -               | -          | yes
    currency in JPY            | -               | -          | no
    currency not_in JPY        | -               | -          | yes
    customer_status in new     | customer_status | New        | yes
    customer_status in New/VIP | customer_status | vip        | yes
    customer_status in New     | customer_status | Newer      | no
    customer_status in New     | -               | -          | no
    customer_status not_in New | -               | -          | yes
    customer_status not_in New | customer_status | new        | no
    country in ÖSTERREICH      | country         | österreich | yes
    country not_in ÖSTERREICH  | country         | Österreich | no
    region in by/bw            | region          | BW         | yes
    city in köln               | city            | KÖLN       | yes
    postcode in 0123           | postcode        | 0123       | yes
    postcode in 123            | postcode        | 0123       | no
    ad in banner               | ad              | Banner     | yes
    device in mobile           | device          | desktop    | no
    device not_in mobile       | device          | desktop    | yes
    device not_in mobile       | -               | -          | yes
    sub_id1 in a               | sub_id1         | A          | yes
    sub_id2 in a               | sub_id1         | A          | no
    sub_id3 in a               | sub_id3         | a          | yes
    sub_id4 in a               | sub_id4         | a          | yes
    sub_id5 in a               | sub_id5         | a          | yes
    sub_id6 not_in a           | sub_id6         | a          | no
    promo_code in a10          | promo_code      | B10;A10    | yes
    promo_code in A10          | promo_code      | B10, a10   | yes
    promo_code in A10          | promo_code      | A100       | no
    promo_code in A10          | -               | -          | no
    promo_code not_in A10      | -               | -          | yes
    promo_code not_in A10      | promo_code      | ;          | yes
    promo_code not_in A10      | promo_code      | B10        | yes
    promo_code not_in A10      | promo_code      | B10;a10    | no
    category in shoes          | category        | Shoes      | yes
    category not_in shoes      | category        | Shoes      | no
    category in shoes          | -               | -          | no
    category not_in shoes      | -               | -          | yes
    sku in x                   | -               | -          | no
    sku not_in x               | -               | -          | yes
    order_total gte 100        | -               | -          | yes
    order_total gt 100         | -               | -          | no
    order_total gt 99.99       | -               | -          | yes
    order_total gt 99.999      | -               | -          | yes
    order_total lte 100        | -               | -          | yes
    order_total lt 100         | -               | -          | no
    order_total lt 100.0001    | -               | -          | yes
    order_total gte 100.0001   | -               | -          | no
    item_total gte 100         | -               | -          | yes
    item_total lt 100          | -               | -          | no
    quantity gte 1             | -               | -          | yes
    quantity gt 1              | -               | -          | no
    quantity lt 1.5            | -               | -          | yes
""")


@pytest.mark.parametrize("level", ["", "; level item"], ids=["order", "item"])
@pytest.mark.parametrize("case", MATCHED, ids=lambda row: f"{row['rule']} | {row['value']}")
def test_rules_on_an_order_without_items(implementation: Implementation, case: Row, level: str) -> None:
    """An order without items counts as one item with the order's turnover and category and quantity 1."""
    row = {"turnover": "100", case["field"]: case["value"]}
    priced = price(implementation, f"10 %; group matched: 20 % when {case['rule']}{level}", row)
    assert told(implementation, priced)["model"] == ("matched" if case["matches"] == "yes" else "default")


def test_outer_blanks_do_not_matter(implementation: Implementation) -> None:
    terms = "10 %; group matched: 20 % when country in  de / at  and promo_code in a10"
    for country in ("DE", " de", "At\t"):
        priced = price(implementation, terms, {"turnover": "100", "country": country, "promo_code": " x ;\tA10 "})
        assert told(implementation, priced)["model"] == "matched"


ON_ITEMS = table("""
    rule                                       | items                   | order | by item
    category in shoes                          | shoes 50, hats 50       | yes   | yes no
    category in shoes                          | - 50, hats 50           | no    | no no
    category not_in shoes                      | shoes 50, hats 50       | no    | no yes
    category not_in shoes                      | hats 50, - 50           | yes   | yes yes
    category in shoes and category in hats     | shoes 50, hats 50       | yes   | no no
    category in shoes and item_total gte 50    | shoes 40, hats 60       | yes   | no no
    category in shoes and item_total gte 50    | shoes 50, hats 60       | yes   | yes no
    category in shoes and category not_in hats | shoes 40, hats 60       | no    | yes no
    item_total gt 50                           | shoes 50, hats 50.01    | yes   | no yes
    item_total lt 50                           | shoes 50, hats 50.01    | no    | no no
    quantity gte 2                             | shoes 1x 50, hats 2x 50 | yes   | no yes
    quantity lt 2                              | shoes 3x 50, hats 2x 50 | no    | no no
    order_total gte 100                        | shoes 50, hats 20       | yes   | yes yes
    order_total lt 100                         | shoes 50, hats 20       | no    | no no
    category in bags                           | shoes 50                | no    | no
    sku not_in x                               | shoes 50                | yes   | yes
""")


@pytest.mark.parametrize("case", ON_ITEMS, ids=lambda row: f"{row['rule']} | {row['items']}")
def test_rules_on_items(implementation: Implementation, case: Row) -> None:
    """At level order any item may match each rule; at level item each item is judged alone. No item takes the order's
    category."""
    row = {"turnover": "100", "category": "bags", "items": case["items"]}
    terms = f"10 %; group yes: 20 % when {case['rule']}"
    ordered = price(implementation, terms, row)
    assert ordered.rate is not None
    assert (ordered.rate.model == "yes") == (case["order"] == "yes")
    itemized = price(implementation, f"{terms}; level item", row)
    models = [item.rate.model for item in itemized.items if item.rate is not None]
    assert models == [{"yes": "yes", "no": "default"}[word] for word in case["by item"].split()]


def test_skus(implementation: Implementation) -> None:
    program = program_paying("10 %; level item; group x: 20 % when sku in X1/x2; group y: 30 % when sku not_in y")
    order = pricing.order({"turnover": "100"})
    items = [
        Item(conversion=0, item_id=str(number), turnover_minor=100, sku=sku)
        for number, sku in enumerate(["x1 ", "X2", "Y", None])
    ]
    [priced] = implementation.price(program, [order], credits_to_a([order]), items)
    assert [item.commission_minor for item in priced.items] == [20, 20, 10, 30]


def test_fields_of_the_winning_click(implementation: Implementation) -> None:
    """`ad`, `device` and the sub ids are the credit's: the order's own, else the winning click's."""
    program = program_paying("10 %; group m: 20 % when device in mobile; group s: 30 % when sub_id2 in x")
    order = pricing.order({"turnover": "100"})
    credits = credits_to_a([order] * 3)
    credits = [replace(credits[0], device="Mobile"), replace(credits[1], sub_id2="X"), credits[2]]
    priced = implementation.price(program, [order] * 3, credits, [])
    assert [one.commission_minor for one in priced] == [20_00, 30_00, 10_00]


def test_items_count_in_the_order_of_their_ids_as_text(implementation: Implementation) -> None:
    program = program_paying(
        "10 %; level item; group a: 20 % when category in a; group b: 30 % when category in b; adjust A: +1 % when "
        "category in a; adjust B: +1 % when category in b; restrict C: category in c; restrict D: category in d"
    )
    order = pricing.order({"turnover": "100"})
    items = [
        Item(conversion=0, item_id=item_id, turnover_minor=100, category=category)
        for item_id, category in [("9", "a"), ("10", "b"), ("8", "c"), ("Z", "d"), ("a", "b"), ("11", None)]
    ]
    [priced] = implementation.price(program, [order], credits_to_a([order]), items)
    assert implementation.summarize([priced]) == [Summary(30 + 10 + 20 + 30, "b;default;a", "B;A", "C;D")]


def test_amounts_are_compared_in_the_currency_of_the_order(implementation: Implementation) -> None:
    program = program_paying("10 %; group large: 20 % when order_total gte 1.5 and item_total lt 3")
    orders = [
        replace(pricing.order({"turnover": "0", "currency": currency}), turnover_minor=turnover)
        for currency, turnover in [("JPY", 1), ("JPY", 2), ("USD", 149), ("USD", 150), ("KWD", 1499), ("KWD", 1500)]
    ]
    priced = implementation.price(program, orders, credits_to_a(orders), [])
    models = [one.rate.model for one in priced if one.rate]
    assert models == ["default", "large", "default", "large", "default", "large"]


def test_nothing_in_nothing_out(implementation: Implementation) -> None:
    assert implementation.price(program_paying("10 %"), [], [], []) == []
    assert implementation.summarize([]) == []


def test_a_payout_without_groups_and_a_batch_of_many(implementation: Implementation) -> None:
    """Each conversion is priced by itself, whatever stands beside it."""
    program = program_paying("10 %; level item")
    orders = [Conversion(order_token=str(number), occurred_at=T, turnover_minor=number * 100) for number in range(1, 6)]
    items = [Item(conversion=3, item_id="b", turnover_minor=50), Item(conversion=1, item_id="a", turnover_minor=70)]
    priced = implementation.price(program, orders, credits_to_a(orders), items)
    assert [one.commission_minor for one in priced] == [10, 7, 30, 5, 50]
    assert [len(one.items) for one in priced] == [0, 1, 0, 1, 0]


def test_every_kept_figure_is_a_field_of_the_trace() -> None:
    """Spec 20: enough to recompute the commission without the terms."""
    assert {field.name for field in fields(KeptRate)} == set(RATES) - {"rate"}
