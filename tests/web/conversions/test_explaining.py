"""The panel of a conversion: the journey in words, and the commission as a sum."""

from collections.abc import Callable
from fractions import Fraction

import pytest
from django.test import Client
from django.utils.translation import override

from accredit.conversions.models import Conversion
from accredit.programs.models import Program
from accredit.programs.visibility import Viewpoint
from accredit.web.conversions.explaining import Step, explain
from accredit.web.conversions.summing import Line, sum_of
from accredit.web.naming import Names
from tests.factories.installing import SHOP, clicks, install, items, load, orders
from tests.factories.people import Shop, open_shop
from tests.factories.tables import table
from tests.web.conversions.test_listing import panel

As = Callable[[str | None], Client]
pytestmark = pytest.mark.django_db


def steps(view: Viewpoint, token: str) -> str:
    """The time line, a step a line."""
    conversion = Conversion.objects.get(program=view.program, order_token=token)
    journey: list[Step] = list(explain(Names(view), conversion)["journey"])
    return "\n".join(
        " | ".join([step.kind, f"{step.day} {step.when}".strip(), step.who, step.outcome, step.why]) for step in journey
    )


JOURNEY = """
out | Tue 20 Jan 2026 07:00:00 | Ann Dover | Outside the referral window | credit group standard
counted | Thu 26 Feb 2026 07:00:00 | Ann Dover | Lower credit group | credit group standard
counted | Fri 27 Feb 2026 07:00:00 | E-mail | Lower credit group | credit group standard
won | Sat 28 Feb 2026 07:00:00 | Barb Dwyer | Won | credit group preferred
conversion | Sun 1 Mar 2026 07:00:00 | Conversion |  |
out | 08:00:00 | Ann Dover | After the conversion | credit group standard
"""
OWN = """
out | Tue 20 Jan 2026 07:00:00 | Another partner | Outside the referral window | credit group standard
counted | Thu 26 Feb 2026 07:00:00 | Another partner | Lower credit group | credit group standard
counted | Fri 27 Feb 2026 07:00:00 | A channel of the advertiser | Lower credit group | credit group standard
won | Sat 28 Feb 2026 07:00:00 | Barb Dwyer | Won | credit group preferred
conversion | Sun 1 Mar 2026 07:00:00 | Conversion |  |
out | 08:00:00 | Another partner | After the conversion | credit group standard
"""
CODES = """
won | Sun 1 Mar 2026 | Barb Dwyer | Won | credit group preferred · promo code anvil10
out |  | Promo code WOW | Code not known |
conversion | 06:30:00 | Conversion |  |
"""


def lines(text: str) -> str:
    return "\n".join(line.strip() for line in text.strip().splitlines())


def test_the_journey_runs_from_the_first_click_to_the_conversion_and_on() -> None:
    view = Viewpoint(open_shop().program, None)
    assert lines(steps(view, "1001")) == lines(JOURNEY)
    assert lines(steps(view, "1005")) == lines(CODES)


def test_a_partner_reads_the_same_journey_without_the_others() -> None:
    view = Viewpoint(open_shop().program, frozenset({"barb"}))
    assert lines(steps(view, "1001")) == lines(OWN)
    assert "WOW" not in steps(view, "1005")


def test_nothing_in_a_partners_panel_names_another_partner_or_a_channel(shop: Shop, as_: As) -> None:
    for token in ("1001", "1005", "1006"):
        page = as_("partner").get(f"/programs/anvils/conversions/{shop.keys[token]}").text
        assert "Barb Dwyer" in page
        for secret in ("Ann Dover", "ann", "email", "display", "E-mail", "WOW", "k2", "k3", "v1"):
            assert f">{secret}<" not in page
            assert f" {secret} " not in page
        assert "Credited to" not in panel(shop, as_("partner"), token)


VERDICTS = """
    order | agency | partner
    1001 | Barb Dwyer gets the credit: the last click in the highest credit group of the journey (preferred). Without Barb Dwyer, E-mail would have won. | Barb Dwyer gets the credit: the last click in the highest credit group of the journey (preferred). Without Barb Dwyer, a channel of the advertiser would have won.
    1003 | E-mail gets the credit: the last click in the highest credit group of the journey (standard). A channel is the advertiser’s own marketing: no partner earns commission. Without E-mail, Display would have won. | -
    1004 | Nobody gets the credit: the journey has no click and no code that could win. | -
    1005 | Barb Dwyer gets the credit: its promo code ANVIL10 goes before every click of its credit group (preferred). Without Barb Dwyer, nobody would have got it. | Barb Dwyer gets the credit: its promo code ANVIL10 goes before every click of its credit group (preferred). Without Barb Dwyer, nobody would have got it.
"""  # noqa: E501 a table


@pytest.mark.parametrize("row", table(VERDICTS), ids=lambda row: row["order"])
def test_who_gets_the_credit_and_who_would_have(shop: Shop, as_: As, row: dict[str, str]) -> None:
    for role in ("agency", "partner"):
        if row[role]:
            assert row[role] in panel(shop, as_(role), row["order"])


def test_facts_of_the_order_hold_neither_visitor_nor_customer(shop: Shop, as_: As) -> None:
    Conversion.objects.filter(order_token="1001").update(customer_id="customer-77")
    read = panel(shop, as_("agency"), "1001")
    assert "Customer status New (the shop sent “N”)" in read
    assert "Terms standard, version 1" in read
    assert "Device mobile Ad banner" in read
    assert "customer-77" not in read
    assert "v1" not in read


def test_synthetic_clicks_are_called_so(shop: Shop, as_: As) -> None:
    assert "Synthetic" not in panel(shop, as_("agency"), "1001")
    Program.objects.update(clicks_are_synthetic=True)
    assert "Synthetic The clicks of this demo were made up" in panel(shop, as_("agency"), "1001")


def test_clicks_that_the_decision_does_not_keep_are_counted() -> None:
    program = install()
    older = "click | at | visitor | party\n" + "\n".join(f"c{n} | T-40d-{n}min | v1 | ann" for n in range(1_434))
    load(program, clicks(older), orders("order | at | turnover | visitor\n1 | T | 5.00 | v1"))
    shown = explain(Names(Viewpoint(program, None)), Conversion.objects.get())
    assert len(shown["journey"]) == 200 + 1
    assert shown["more_clicks"] == "Before that, 1,234 clicks that could not count."


def written(line: Line) -> str:
    return " | ".join([line.title, *line.working, line.result])


@pytest.mark.parametrize(
    ("token", "expected"),
    [
        (
            "1001",
            """
            Turnover | US$136.27
            New customers 15 % | US$136.27 × 15% | 20.4405
            Mobile | +5% of 20.4405 | +1.022025
            Welcome | +1.00
            Sum | 22.462525
            Commission | rounded, half away from zero | US$22.46
            """,
        ),
        (
            "1002",
            """
            A-1 · 1 piece · tools | Items 12.5 %: US$0.99 × 12.5% = 0.12375, rounded, half away from zero | US$0.12
            A-2 · 3 pieces · tools | Items 12.5 %: US$30.01 × 12.5% = 3.75125, rounded, half away from zero | US$3.75
            G-1 · 1 piece · gift-card | US$30.00 · Nothing is paid: No gift cards | US$0.00
            Commission | US$3.87
            """,
        ),
        (
            "1003",
            """
            Nothing is paid | no partner is credited |
            Commission | US$0.00
            """,
        ),
        (
            "1005",
            """
            Turnover | US$50.00
            New customers 15 % | US$50.00 × 15% | 7.50
            Commission | US$7.50
            """,
        ),
        (
            "1006",
            """
            Turnover | US$12.00
            Nothing is paid | No gift cards |
            Commission | US$0.00
            """,
        ),
    ],
)
def test_the_sum_can_be_followed_with_a_pocket_calculator(token: str, expected: str) -> None:
    open_shop()
    with override("en"):
        shown = [written(line) for line in sum_of(Conversion.objects.get(order_token=token)).lines]
    assert lines("\n".join(shown)) == lines(expected)


STANDARD = '  percent = "10"\n'
WELCOME = '    amount = { USD = "1.00", EUR = "0.90" }'
NEVER_ZERO = "Welcome / −150% of 10.00 / −15.00; Sum / −5.00; Commission / never below zero / US$0.00"
PAYOUTS = [
    ((), "100.00", "USD",
     "Standard 10 % / US$100.00 × 10% / 10.00; Welcome / +1.00; Sum / 11.00; Commission / US$11.00"),
    (((STANDARD, '  fixed = "5.00"\n'), (WELCOME, '    amount = { EUR = "1.00" }')), "100.00", "USD",
     "Standard 10 % / fixed amount / 5.00; Commission / US$5.00"),
    ((), "999", "JPY", "Standard 10 % / JP¥999 × 10% / 99.9; Commission / rounded, half away from zero / JP¥100"),
    (((WELCOME, '    percent = "-150"'),), "100.00", "USD", f"Standard 10 % / US$100.00 × 10% / 10.00; {NEVER_ZERO}"),
    (((STANDARD, '  fixed = "5.00"\n'),), "9.00", "CHF",
     "Nothing is paid / The terms name no amount in this currency / ; Commission / CHF 0.00"),
]  # fmt: skip


@pytest.mark.parametrize(("changes", "turnover", "currency", "expected"), PAYOUTS)
def test_sums_of_other_payouts(
    changes: tuple[tuple[str, str], ...], turnover: str, currency: str, expected: str
) -> None:
    text = SHOP
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    table = f"order | at | turnover | currency | codes | country\n1 | T | {turnover} | {currency} | anvil10 | de"
    load(install(text), orders=orders(table))
    with override("en"):
        _turnover, *shown = sum_of(Conversion.objects.get()).lines
    read = "; ".join(" / ".join([line.title, *line.working, line.result]) for line in shown)
    assert read.replace("\N{NO-BREAK SPACE}", " ") == expected


def test_a_long_basket_shows_its_first_items_and_the_sum_of_the_rest() -> None:
    program = install(SHOP.replace('policy = "winner"', 'policy = "always"'))
    of = orders("order | at | turnover | codes\n1 | T | 500.00 | ANN-1")
    basket = "order | item | quantity | turnover\n" + "\n".join(f"1 | {n:03} | 1 | {n}.99" for n in range(80))
    load(program, orders=of, items=items(basket, of))
    conversion = Conversion.objects.get()
    first, whole = sum_of(conversion), sum_of(conversion, all_items=True)
    assert (len(first.lines), first.more_items) == (50 + 2, 30)
    assert (len(whole.lines), whole.more_items) == (80 + 1, 0)
    assert first.lines[-2].title == "30 further items"

    def amount(line: Line) -> Fraction:
        return Fraction(line.result.removeprefix("US$").replace(",", ""))

    for shown in (first, whole):
        *parts, result = shown.lines
        assert sum(amount(line) for line in parts) == amount(result) == Fraction(conversion.commission_minor, 100)
