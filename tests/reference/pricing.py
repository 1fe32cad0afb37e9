"""How much, one conversion at a time, as spec 20 says it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from accredit import money
from accredit.engine import program as setup
from accredit.engine.program import AMOUNT_FIELDS, ITEM_FIELDS, TEXT_FIELDS, Program, Rule
from tests.reference.crediting import Credit, codes_of_order
from tests.reference.facts import Conversion, Item

MILLION = 1_000_000


@dataclass(frozen=True)
class KeptAdjustment:
    name: str
    percent_ppm: int | None
    amount_minor: int | None


@dataclass(frozen=True, kw_only=True)
class KeptRate:
    """How something was priced: enough to recompute the commission without the terms."""

    terms: str | None
    terms_version: int | None
    level: str | None = None
    currency: str
    model: str | None = None
    payout_group: int | None = None
    percent_ppm: int | None = None
    fixed_minor: int | None = None
    adjustments: tuple[KeptAdjustment, ...] = ()
    restriction: str | None = None


@dataclass(frozen=True)
class PricedItem:
    item_id: str
    quantity: int
    turnover_minor: int
    rate: KeptRate | None
    commission_minor: int | None


@dataclass(frozen=True)
class PricedOrder:
    currency: str
    turnover_minor: int
    rate: KeptRate | None  # none where no partner is credited, or where the items carry the rates
    items: tuple[PricedItem, ...]  # in the order of their ids
    commission_minor: int


@dataclass(frozen=True)
class ItemChange:
    """What an item is from now on; quantity 0 cancels it."""

    quantity: int
    turnover_minor: int


@dataclass(frozen=True)
class Summary:
    commission_minor: int
    model: str | None
    adjustments: str | None
    restriction: str | None


@dataclass(frozen=True)
class Basket:
    """One item as rules see it."""

    item_total: int
    quantity: int
    category: str | None
    sku: str | None


def price(
    program: Program, conversions: Sequence[Conversion], credits: Sequence[Credit], items: Sequence[Item]
) -> list[PricedOrder]:
    return [
        price_order(
            program,
            conversion,
            credit,
            sorted((item for item in items if item.conversion == number), key=lambda item: item.item_id),
        )
        for number, (conversion, credit) in enumerate(zip(conversions, credits, strict=True))
    ]


def price_order(program: Program, conversion: Conversion, credit: Credit, items: Sequence[Item]) -> PricedOrder:
    baskets = [Basket(item.turnover_minor, item.quantity, item.category, item.sku) for item in items]
    rate: KeptRate | None = None
    item_rates: list[KeptRate | None] = [None] * len(items)
    if credit.credited_to == "partner":
        payout = payout_of(program, conversion, credit)
        nothing = KeptRate(terms=credit.terms, terms_version=credit.terms_version, currency=conversion.currency)
        if credit.blocked:
            rate = replace(nothing, restriction="foreign_promo_code")
        elif payout is None:
            rate = replace(nothing, restriction="event_type_not_paid")
        elif payout.level == "item" and items:
            item_rates = [choose_rate(payout, conversion, credit, [basket]) for basket in baskets]
        elif items:
            rate = choose_rate(payout, conversion, credit, baskets)
        else:
            itself = Basket(conversion.turnover_minor, 1, conversion.category, None)
            rate = choose_rate(payout, conversion, credit, [itself])
    return work_out(
        PricedOrder(
            currency=conversion.currency,
            turnover_minor=conversion.turnover_minor,
            rate=rate,
            items=tuple(
                PricedItem(item.item_id, item.quantity, item.turnover_minor, item_rate, None)
                for item, item_rate in zip(items, item_rates, strict=True)
            ),
            commission_minor=0,
        )
    )


def payout_of(program: Program, conversion: Conversion, credit: Credit) -> setup.Payout | None:
    for terms in program.terms:
        if (terms.code, terms.version) == (credit.terms, credit.terms_version):
            return next((one for one in terms.payouts if one.event_type == conversion.event_type), None)
    raise AssertionError(f"no terms {credit.terms} version {credit.terms_version}")


def choose_rate(payout: setup.Payout, conversion: Conversion, credit: Credit, baskets: Sequence[Basket]) -> KeptRate:
    """How the order (all its baskets) or one item (its own) is priced."""

    def applies(rules: Sequence[Rule]) -> bool:
        return all(holds(rule, conversion, credit, baskets) for rule in rules)

    currency = conversion.currency
    nothing = KeptRate(terms=credit.terms, terms_version=credit.terms_version, level=payout.level, currency=currency)
    for restriction in payout.restrictions:
        if applies(restriction.when):
            return replace(nothing, restriction=restriction.name)
    model, rate, position = payout.model, payout.rate, None
    for number, group in enumerate(payout.groups, start=1):
        if applies(group.when):
            model, rate, position = group.model, group.rate, number
            break
    if rate.fixed is not None and currency not in rate.fixed:
        return replace(nothing, restriction="no_amount_in_currency")
    return replace(
        nothing,
        model=model,
        payout_group=position,
        percent_ppm=rate.percent_ppm,
        fixed_minor=None if rate.fixed is None else rate.fixed[currency],
        adjustments=tuple(
            KeptAdjustment(one.name, one.percent_ppm, None if one.amount is None else one.amount[currency])
            for one in payout.adjustments
            if applies(one.when) and (one.amount is None or currency in one.amount)
        ),
    )


def holds(rule: Rule, conversion: Conversion, credit: Credit, baskets: Sequence[Basket]) -> bool:
    values = values_of(rule.field, conversion, credit, baskets)
    if rule.field in TEXT_FIELDS:
        listed = [value.strip().lower() for value in rule.values]
        found = any(str(value).strip().lower() in listed for value in values)
        return found if rule.operator == "in" else not found
    assert rule.number is not None
    decimals = money.decimals(conversion.currency) if rule.field in AMOUNT_FIELDS else 0
    wanted = Fraction(rule.number)
    numbers = [Fraction(int(value), 10**decimals) for value in values]
    match rule.operator:
        case "gte":
            return any(number >= wanted for number in numbers)
        case "gt":
            return any(number > wanted for number in numbers)
        case "lte":
            return any(number <= wanted for number in numbers)
        case "lt":
            return any(number < wanted for number in numbers)
    raise AssertionError(f"no operator {rule.operator}")


def values_of(field: str, conversion: Conversion, credit: Credit, baskets: Sequence[Basket]) -> Sequence[str | int]:
    """Every value that the field has here: none, one, or one an item or code."""
    if field in ITEM_FIELDS:
        values = [getattr(basket, field) for basket in baskets]
    elif field == "promo_code":
        values = list(codes_of_order(conversion.promo_code))
    elif field == "order_total":
        values = [conversion.turnover_minor]
    elif field in ("ad", "device") or field.startswith("sub_id"):
        values = [getattr(credit, field)]
    else:
        values = [getattr(conversion, field)]
    return [value for value in values if value is not None]


def round_half_away(exact: Fraction) -> int:
    whole = int(abs(exact) + Fraction(1, 2))
    return whole if exact >= 0 else -whole


def commission(rate: KeptRate, turnover_minor: int, quantity: int) -> int:
    """What a kept rate pays, from nothing but the rate itself. A quantity of 0 is a cancelled item."""
    if rate.restriction is not None or quantity == 0:
        return 0
    if rate.percent_ppm is not None:
        unadjusted = Fraction(turnover_minor) * rate.percent_ppm / MILLION
    else:
        assert rate.fixed_minor is not None
        unadjusted = Fraction(rate.fixed_minor * (quantity if rate.level == "item" else 1))
    adjusted = unadjusted
    for adjustment in rate.adjustments:
        if adjustment.percent_ppm is not None:
            adjusted += unadjusted * adjustment.percent_ppm / MILLION
        else:
            assert adjustment.amount_minor is not None
            adjusted += adjustment.amount_minor
    return round_half_away(max(adjusted, Fraction(0)))


def work_out(order: PricedOrder) -> PricedOrder:
    """The order with the commissions that its rates give."""
    items = tuple(
        replace(
            item,
            commission_minor=None if item.rate is None else commission(item.rate, item.turnover_minor, item.quantity),
        )
        for item in order.items
    )
    total = sum(item.commission_minor or 0 for item in items)
    if order.rate is not None:
        total += commission(order.rate, order.turnover_minor, 1)
    return replace(order, items=items, commission_minor=total)


def summarize(orders: Sequence[PricedOrder]) -> list[Summary]:
    return [summary_of(order) for order in orders]


def summary_of(order: PricedOrder) -> Summary:
    rates = [rate for rate in (order.rate, *(item.rate for item in order.items)) if rate is not None]

    def joined(names: Sequence[str | None]) -> str | None:
        return ";".join(dict.fromkeys(name for name in names if name is not None)) or None

    return Summary(
        commission_minor=order.commission_minor,
        model=joined([rate.model for rate in rates]),
        adjustments=joined([adjustment.name for rate in rates for adjustment in rate.adjustments]),
        restriction=joined([rate.restriction for rate in rates]),
    )


def reprice(
    orders: Sequence[PricedOrder], turnovers: Mapping[int, int], items: Mapping[tuple[int, str], ItemChange]
) -> list[PricedOrder]:
    """New turnovers, by order number, or changed items, by order number and item id, under the rates that were kept."""
    repriced = list(orders)
    for number, turnover in turnovers.items():
        repriced[number] = with_turnover(orders[number], turnover)
    for number in {number for number, _ in items}:
        changes = {item_id: change for (of_order, item_id), change in items.items() if of_order == number}
        repriced[number] = with_items(orders[number], changes)
    return repriced


def with_turnover(order: PricedOrder, turnover: int) -> PricedOrder:
    """Where the items are paid one by one, theirs is scaled along."""
    items = order.items
    if any(item.rate is not None for item in items):
        scaled = scale([item.turnover_minor for item in items], turnover, order.turnover_minor)
        items = tuple(replace(item, turnover_minor=one) for item, one in zip(items, scaled, strict=True))
    return work_out(replace(order, turnover_minor=turnover, items=items))


def with_items(order: PricedOrder, changes: Mapping[str, ItemChange]) -> PricedOrder:
    """The other items stay as they are; the order's turnover changes by what its items' turnover changes."""
    items = tuple(
        replace(item, quantity=changes[item.item_id].quantity, turnover_minor=changes[item.item_id].turnover_minor)
        if item.item_id in changes
        else item
        for item in order.items
    )
    change = sum(item.turnover_minor for item in items) - sum(item.turnover_minor for item in order.items)
    return work_out(replace(order, turnover_minor=max(order.turnover_minor + change, 0), items=items))


def scale(amounts: Sequence[int], new: int, old: int) -> list[int]:
    """Each amount times new / old in whole units, by largest remainder; the earlier amount goes first among equals."""
    exact = [Fraction(amount * new, old) for amount in amounts]
    scaled = [int(share) for share in exact]
    missing = round_half_away(sum(exact, Fraction(0))) - sum(scaled)
    by_remainder = sorted(range(len(exact)), key=lambda place: (scaled[place] - exact[place], place))
    for place in by_remainder[:missing]:
        scaled[place] += 1
    return scaled
