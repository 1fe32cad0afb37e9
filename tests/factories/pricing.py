"""Terms, orders and items in a few words, for pricing.

terms   10 %; group new: 15 % when customer_status in New/VIP and order_total gte 200;
        adjust mobile: +5 % when device in mobile; adjust bonus: +1.00 USD +0.90 EUR;
        restrict cards: category in gift-card; level item
rate    10 %, or fixed 5.00 USD 4.60 EUR
items   shoes 50, gift-card 2x 20.00        category, quantity, turnover of the line; - for no category
"""

import re
from collections.abc import Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Literal

from accredit.engine.program import (
    NUMBER_OPERATORS,
    PPM_PER_PERCENT,
    Adjustment,
    EventType,
    Partner,
    Payout,
    PayoutGroup,
    Program,
    Rate,
    Restriction,
    Rule,
    Terms,
)
from tests.factories.tables import Row, T, minor
from tests.reference.crediting import Credit
from tests.reference.facts import ClickFields, Conversion, Item


def ppm(percent: str) -> int:
    return int(Decimal(percent) * PPM_PER_PERCENT)


def amounts(text: str) -> dict[str, int]:
    """`5.00 USD 4.60 EUR`"""
    words = text.split()
    return {currency: minor(amount, currency) for amount, currency in zip(words[::2], words[1::2], strict=True)}


def rate(text: str) -> Rate:
    if text.startswith("fixed "):
        return Rate(fixed=amounts(text.removeprefix("fixed ")))
    assert text.endswith(" %"), f"no rate: {text!r}"
    return Rate(percent_ppm=ppm(text.removesuffix(" %")))


def rules(text: str) -> tuple[Rule, ...]:
    return tuple(rule(part) for part in text.split(" and ")) if text else ()


def rule(text: str) -> Rule:
    field, operator, wanted = text.split(maxsplit=2)
    if operator in NUMBER_OPERATORS:
        return Rule(field, operator, number=Decimal(wanted))
    return Rule(field, operator, values=tuple(wanted.split("/")))


def adjustment(name: str, change: str, when: str) -> Adjustment:
    if change.endswith(" %"):
        return Adjustment(name, ppm(change.removesuffix(" %")), None, rules(when))
    return Adjustment(name, None, amounts(change), rules(when))


def payout(text: str, event_type: str = "sale") -> Payout:
    """What the words of a terms cell pay."""
    level: Literal["order", "item"] = "order"
    default: Rate | None = None
    groups: list[PayoutGroup] = []
    adjustments: list[Adjustment] = []
    restrictions: list[Restriction] = []
    for clause in [part.strip() for part in text.split(";") if part.strip()]:
        named = re.fullmatch(r"(group|adjust|restrict) ([^:]+): (.+)", clause)
        if clause == "level item":
            level = "item"
        elif named is None:
            default = rate(clause)
        elif named[1] == "restrict":
            restrictions.append(Restriction(named[2], rules(named[3])))
        else:
            figure, _, when = named[3].partition(" when ")
            if named[1] == "group":
                groups.append(PayoutGroup(named[2], rate(figure), rules(when)))
            else:
                adjustments.append(adjustment(named[2], figure, when))
    assert default is not None, f"no default payout in {text!r}"
    return Payout(event_type, level, "default", default, tuple(groups), tuple(adjustments), tuple(restrictions))


def program_paying(terms: str) -> Program:
    return Program(
        code="anvils",
        name="Anvil Shop",
        advertiser="ACME",
        currency="USD",
        timezone="America/New_York",
        referral_window_days=30,
        event_types=(EventType("sale"), EventType("lead")),
        partners=(Partner("A", "A"),),
        terms=(Terms("standard", 1, (payout(terms),)),),
    )


def order(row: Row) -> Conversion:
    """`turnover`, `currency` and whatever columns are named after a conversion's fields."""
    currency = row.get("currency") or "USD"
    known = {field.name for field in fields(Conversion)}
    named = {name: cell for name, cell in row.items() if name in known and cell}
    return Conversion(
        **{  # type: ignore[arg-type]  # all of them text
            "order_token": "1",
            **named,
            "occurred_at": T,
            "currency": currency,
            "turnover_minor": minor(row["turnover"], currency),
        }
    )


def items(text: str, currency: str, conversion: int = 0) -> list[Item]:
    made = []
    for number, line in enumerate([part.strip() for part in text.split(",") if part.strip()], start=1):
        parts = re.fullmatch(r"(\S+) (?:(\d+)x )?(\S+)", line)
        assert parts, f"no item: {line!r}"
        category, quantity, turnover = parts.groups()
        made.append(
            Item(
                conversion=conversion,
                item_id=f"{number}",
                quantity=int(quantity or 1),
                turnover_minor=minor(turnover, currency),
                category=None if category == "-" else category,
            )
        )
    return made


def credits_to_a(conversions: Sequence[Conversion], *, blocked: bool = False) -> list[Credit]:
    """Each conversion credited to partner A under version 1 of the standard terms."""
    return [
        Credit(
            credited_to="partner",
            partner="A",
            reason="last_click",
            terms="standard",
            terms_version=1,
            blocked=blocked,
            **{field.name: getattr(conversion, field.name) for field in fields(ClickFields)},
        )
        for conversion in conversions
    ]
