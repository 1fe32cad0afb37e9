"""Whole programs and batches of conversions, clicks and items, from small pools so that things often coincide.

Hypothesis draws bytes, some for the program and some for each click, order and item; every byte is one choice from a
pool. That is some twenty times faster than a draw for each choice, and shrinks as well: rows are dropped, and a zero
byte is the plainest choice, the first of its pool.

Instants lie on a grid of days around `T`, give or take a microsecond, and windows are a few days long: clicks exactly a
window before an order, at the same instant as another, at the very start or end of a period are all common.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import strategies as st

from accredit.engine.program import (
    ITEM_FIELDS,
    NUMBER_OPERATORS,
    RULE_FIELDS,
    TEXT_FIELDS,
    TEXT_OPERATORS,
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
    PromoCode,
    Rate,
    Restriction,
    Rule,
    Terms,
)
from tests.factories.tables import T
from tests.reference.crediting import Credit
from tests.reference.customer_status import map_customer_status
from tests.reference.facts import Click, Conversion, Item
from tests.reference.pricing import ItemChange, PricedOrder

Choice = TypeVar("Choice")

PARTNERS = ("A", "B", "C")
CHANNELS = ("email", "A")
EVENT_TYPES = ("sale", "lead")
PARTIES = (
    *[("partner", code) for code in PARTNERS * 4],
    *[("channel", code) for code in CHANNELS * 2],
    *[("partner", "email"), ("partner", "Z"), ("channel", "B")],
)
"""A partner and a channel may share a code; each kind also has codes that only the other knows, or none."""

CURRENCIES = ("USD", "EUR", "JPY", "KWD", "UYW")
TEXTS = ("x", "X", " x", "y", "Y\t", "ä", "Ä ", "ΟΔΟΣ", "οδος", "straße", "x y")
STATUS_WORDS = ("new", "NEW ", "Existing", "vip", "N", "gold", "unheard of")
MAPPINGS: tuple[dict[str, tuple[str, ...]] | None, ...] = (
    None,
    {},
    {"New": ("N",), "VIP": ("gold", "Unheard Of ")},
    {"Existing": ("new",), "VIP": ()},
    {"existing": ("VIP",)},
)
EXACT_CODES = ("A10", "a10", " B20", "Ä5", "A(")
REGEX_CODES = ("A[0-9]+", "a.*", "(?:A|B)[12]0", "B20|Z9", "[a-z]+", ".*")
CARRIED_CODES = ("A10", "B20", "a10", " b20 ", "A11", "ä5", "A10", "Z9", "Ä5", "zz", "A(", "B20x", "A10 B20", "", " ")
SEPARATORS = (";", ",", " ; ", ",;")
CLICK_IDS = ("1", "10", "9", "a", "B", "ä", "Z", "z9", "~", "b", "A", "é", "99", "0", "aa")
UNKNOWN_CLICK_IDS = ("unknown", "")
PPM = (100_000, 0, 1, 5_000, 12_345, 50_000, 125_000, 333_333, 999_999, 1_000_000, 10_000_000)
CHANGES_PPM = (1, 50_000, 100_000, 333_333, -1, -50_000, -500_000, -999_999, -1_500_000, 10_000_000)
AMOUNTS = (500, 0, 1, 5, 99, 100, 1_000_000)
CHANGES = (1, 50, 100, -1, -50, -100, -1_000_000)
TURNOVERS = (10_000, 0, 1, 2, 5, 15, 49, 50, 99, 100, 101, 150, 1_000, 12_345, 99_999, 1_234_567, 10**11 - 1)
NUMBERS = ("0", "0.5", "1", "1.5", "2", "0.15", "10", "10.0005", "100", "123.45", "99999999999999999", "-1")
QUANTITIES = (1, 1, 2, 3, 1_000)

ORDER_DAYS = (0, 0, 0, 1, 2, -1)
CLICK_DAYS = (0, -1, -1, -2, -3, 1)
PERIOD_DAYS = (-3, -2, -1, 0, 1, 2)
SLIPS = (0, 0, 0, 0, -1, 1, 12 * 3600 * 10**6)
WINDOWS = (3, 2, 1)
GROUPS = tuple(CreditGroup)
VISITORS = ("v", "v", "v", "w", "w", "V", None)
MAYBE_TEXTS = (None, None, *TEXTS)
ITEM_IDS = ("1", "10", "2", "a")


class Choices:
    """Bytes read as choices; where they run out, every further choice is the first."""

    def __init__(self, data: bytes) -> None:
        self.data = iter(data)

    def pick(self, pool: Sequence[Choice]) -> Choice:
        return pool[next(self.data, 0) % len(pool)]

    def likely(self, percent: int) -> bool:
        return next(self.data, 0) % 100 < percent

    def several(self, least: int, most: int) -> range:
        return range(least + next(self.data, 0) % (most - least + 1))

    def some(self, pool: Sequence[Choice], most: int) -> list[Choice]:
        """Distinct ones."""
        return list(dict.fromkeys(self.pick(pool) for _ in self.several(0, most)))


@dataclass(frozen=True)
class Batch:
    """What the engine is called with once."""

    program: Program
    conversions: tuple[Conversion, ...]
    clicks: tuple[Click, ...]
    items: tuple[Item, ...]


def instant(choices: Choices, days: Sequence[int]) -> datetime:
    return T + timedelta(days=choices.pick(days), microseconds=choices.pick(SLIPS))


def spans(choices: Choices) -> list[tuple[datetime, datetime | None]]:
    """Periods that do not overlap: side by side or with gaps, the last one often open."""
    starts: list[datetime] = [T - timedelta(days=50)] if choices.likely(70) else []
    cuts = sorted({*starts, *(instant(choices, PERIOD_DAYS) for _ in choices.several(0, 3))})
    ends: list[datetime | None] = [*cuts[1:], None][: len(cuts)]
    return [span for span in zip(cuts, ends, strict=True) if choices.likely(80)]


def amounts(choices: Choices, pool: Sequence[int]) -> dict[str, int]:
    return {currency: choices.pick(pool) for currency in CURRENCIES if choices.likely(70)}


def rate(choices: Choices) -> Rate:
    if choices.likely(60):
        return Rate(percent_ppm=choices.pick(PPM))
    return Rate(fixed=amounts(choices, AMOUNTS))


def rule(choices: Choices) -> Rule:
    field = choices.pick((*RULE_FIELDS, *ITEM_FIELDS, "promo_code", "customer_status"))
    if field not in TEXT_FIELDS:
        number = Decimal(choices.pick(NUMBERS))
        return Rule(field, choices.pick(NUMBER_OPERATORS), number=number)
    pools = {
        "currency": ("usd", "EUR", " jpy", "GBP"),
        "customer_status": ("new", "Existing", "VIP ", "unheard of"),
        "promo_code": ("a10", "B20", "ä5", "zz", "A10 B20"),
    }
    pool = pools.get(field, TEXTS)
    values = dict.fromkeys(choices.pick(pool) for _ in choices.several(1, 3))
    return Rule(field, choices.pick(TEXT_OPERATORS), values=tuple(values))


def rules(choices: Choices, least: int) -> tuple[Rule, ...]:
    return tuple(rule(choices) for _ in choices.several(least, 2))


def adjustment(choices: Choices, name: str) -> Adjustment:
    if choices.likely(60):
        return Adjustment(name, choices.pick(CHANGES_PPM), None, rules(choices, 0))
    return Adjustment(name, None, amounts(choices, CHANGES), rules(choices, 0))


def payout(choices: Choices, event_type: str) -> Payout:
    return Payout(
        event_type=event_type,
        level=choices.pick(("order", "item")),
        model="default",
        rate=rate(choices),
        groups=tuple(
            PayoutGroup(f"group {number % 2}", rate(choices), rules(choices, 0)) for number in choices.several(0, 3)
        ),
        adjustments=tuple(adjustment(choices, f"adjustment {number % 2}") for number in choices.several(0, 3)),
        restrictions=tuple(Restriction(f"restriction {number}", rules(choices, 1)) for number in choices.several(0, 2)),
    )


def terms(choices: Choices) -> tuple[Terms, ...]:
    return tuple(
        Terms(code, version, tuple(payout(choices, event_type) for event_type in EVENT_TYPES if choices.likely(90)))
        for code, version in (("standard", 1), ("standard", 2), ("other", 1))[: choices.pick((1, 2, 3))]
    )


def contract(choices: Choices, partner: str, known: Sequence[Terms]) -> Contract:
    periods = []
    for starts_at, ends_at in spans(choices):
        chosen = choices.pick(known)
        periods.append(
            ContractPeriod(starts_at, ends_at, chosen.code, chosen.version, choices.pick(GROUPS), choices.pick(WINDOWS))
        )
    return Contract(partner, tuple(periods))


def channel(choices: Choices, code: str) -> Channel:
    periods = [] if choices.likely(60) else spans(choices)
    return Channel(
        code,
        code,
        choices.pick(GROUPS),
        choices.pick(WINDOWS),
        tuple(ChannelPeriod(*span, choices.pick(GROUPS), choices.pick(WINDOWS)) for span in periods),
    )


def overlap(one: PromoCode, other: PromoCode) -> bool:
    return (one.ends_at is None or other.starts_at is None or other.starts_at < one.ends_at) and (
        other.ends_at is None or one.starts_at is None or one.starts_at < other.ends_at
    )


def promo_codes(choices: Choices) -> tuple[PromoCode, ...]:
    """No two exact definitions of one code overlap in time, and no regex is defined twice."""
    codes: list[PromoCode] = []
    for _ in choices.several(1, 6):
        exact = choices.likely(60)
        bounds = sorted((instant(choices, PERIOD_DAYS), instant(choices, PERIOD_DAYS)))
        code = PromoCode(
            code=choices.pick(EXACT_CODES if exact else REGEX_CODES),
            match="exact" if exact else "regex",
            partner=choices.pick(PARTNERS),
            policy=choices.pick(("always", "involved", "winner")),
            starts_at=None if choices.likely(75) else bounds[0],
            ends_at=None if choices.likely(75) else bounds[1],
        )
        same = [one for one in codes if one.match == code.match and folded(one) == folded(code)]
        if not same or (exact and not any(overlap(one, code) for one in same)):
            codes.append(code)
    return tuple(codes)


def folded(code: PromoCode) -> str:
    return code.code.strip().lower() if code.match == "exact" else code.code


def program(choices: Choices) -> Program:
    known = terms(choices)
    return Program(
        code="p",
        name="Program",
        advertiser="ACME",
        currency="USD",
        timezone="Europe/Berlin",
        referral_window_days=30,
        event_types=tuple(EventType(code, choices.pick(MAPPINGS)) for code in (*EVENT_TYPES, "visit")),
        foreign_promo_code=choices.pick(("credit", "invalid")),
        partners=tuple(Partner(code, code) for code in PARTNERS),
        channels=tuple(channel(choices, code) for code in CHANNELS),
        promo_codes=promo_codes(choices),
        terms=known,
        contracts=tuple(contract(choices, code, known) for code in PARTNERS if choices.likely(90)),
    )


def some_fields(choices: Choices, names: Sequence[str]) -> dict[str, Any]:
    """A few of the text fields filled, the others empty."""
    return {name: choices.pick(TEXTS) for name in choices.some(names, 3)}


CLICK_TEXTS = ("ad", "project", "device", "sub_id1", "sub_id2", "sub_id3", "sub_id4", "sub_id5", "sub_id6")
ORDER_TEXTS = (*CLICK_TEXTS, "category", "category", "country", "region", "city", "postcode", "customer_id")


def click(choices: Choices, click_id: str) -> Click:
    kind, party = choices.pick(PARTIES)
    return Click(
        click_id=click_id,
        clicked_at=instant(choices, CLICK_DAYS),
        visitor_id=choices.pick(VISITORS),
        partner=party if kind == "partner" else None,
        channel=party if kind == "channel" else None,
        **some_fields(choices, CLICK_TEXTS),
    )


def carried(choices: Choices) -> str | None:
    if choices.likely(30):
        return None
    return choices.pick(SEPARATORS).join(choices.pick(CARRIED_CODES) for _ in choices.several(1, 4))


def conversion(choices: Choices, number: int, click_ids: Sequence[str]) -> Conversion:
    return Conversion(
        event_type=choices.pick((*EVENT_TYPES * 4, "visit")),
        order_token=f"order {number}",
        occurred_at=instant(choices, ORDER_DAYS),
        visitor_id=choices.pick(VISITORS),
        click_id=choices.pick((None, None, *UNKNOWN_CLICK_IDS, *click_ids)),
        promo_code=carried(choices),
        currency=choices.pick(CURRENCIES),
        turnover_minor=choices.pick(TURNOVERS),
        customer_status_word=choices.pick((None, *STATUS_WORDS)),
        **some_fields(choices, ORDER_TEXTS),
    )


def item(choices: Choices, number: int, item_id: str) -> Item:
    return Item(
        conversion=number,
        item_id=item_id,
        quantity=choices.pick(QUANTITIES),
        turnover_minor=choices.pick(TURNOVERS),
        sku=choices.pick(MAYBE_TEXTS),
        category=choices.pick(MAYBE_TEXTS),
    )


def batch_of(setup: bytes, orders: Sequence[bytes], clicks: Sequence[bytes]) -> Batch:
    conversions, items = [], []
    for number, data in enumerate(orders):
        choices = Choices(data)
        conversions.append(conversion(choices, number, CLICK_IDS[: len(clicks)]))
        items += [item(choices, number, item_id) for item_id in choices.some(ITEM_IDS, 3)]
    return Batch(
        program(Choices(setup)),
        tuple(conversions),
        tuple(click(Choices(data), click_id) for data, click_id in zip(clicks, CLICK_IDS, strict=False)),
        tuple(items),
    )


def credit(choices: Choices, known: Sequence[Terms]) -> Credit:
    """As if credited: to a partner most of the time, under any of the terms."""
    taken = some_fields(choices, CLICK_TEXTS)
    if not choices.likely(90):
        return Credit(credited_to=choices.pick(("channel", "none")), reason="last_click", **taken)
    chosen = choices.pick(known)
    return Credit(
        credited_to="partner",
        partner="A",
        reason="last_click",
        terms=chosen.code,
        terms_version=chosen.version,
        blocked=not choices.likely(95),
        **taken,
    )


@dataclass(frozen=True)
class Priceable:
    """What pricing is called with once."""

    program: Program
    conversions: list[Conversion]
    credits: list[Credit]
    items: tuple[Item, ...]


def priceable_of(setup: bytes, orders: Sequence[bytes], credits: Sequence[bytes]) -> Priceable:
    batch = batch_of(setup, orders, [])
    return Priceable(
        batch.program,
        map_customer_status(batch.program, batch.conversions),
        [credit(Choices(data), batch.program.terms) for data in (*credits, *[b""] * len(orders))[: len(orders)]],
        batch.items,
    )


def changes_of(data: bytes, orders: Sequence[PricedOrder]) -> tuple[dict[int, int], dict[tuple[int, str], ItemChange]]:
    """For some orders a new turnover, for some others changed or cancelled items."""
    choices = Choices(data)
    turnovers: dict[int, int] = {}
    items: dict[tuple[int, str], ItemChange] = {}
    for number, order in enumerate(orders):
        old = order.turnover_minor
        if choices.likely(40) and old > 0:
            turnovers[number] = choices.pick((old // 3, old, 0, 1, 7, old - 1, old + 1, 2 * old))
        elif choices.likely(60):
            for one in order.items:
                quantity = choices.pick((0, *QUANTITIES))
                if choices.likely(50):
                    turnover = choices.pick(TURNOVERS) if quantity else 0
                    items[number, one.item_id] = ItemChange(quantity, turnover)
    return turnovers, items


def rows(draw: st.DrawFn, size: int, least: int, most: int) -> list[bytes]:
    count = draw(st.integers(least, most))
    return [draw(st.binary(min_size=size, max_size=size)) for _ in range(count)]


@st.composite
def batches(draw: st.DrawFn, most_conversions: int = 8) -> Batch:
    """A program with a few orders, clicks and items."""
    [setup] = rows(draw, 400, 1, 1)
    return batch_of(setup, rows(draw, 60, 1, most_conversions), rows(draw, 16, 0, len(CLICK_IDS)))


@st.composite
def priceables(draw: st.DrawFn, most_conversions: int = 8) -> Priceable:
    """A program with a few orders and items, as if credited."""
    [setup] = rows(draw, 400, 1, 1)
    return priceable_of(setup, rows(draw, 60, 1, most_conversions), rows(draw, 12, 0, most_conversions))
