"""What a terms version pays: payouts with their groups, adjustments, restrictions and rules (spec 20)."""

from collections.abc import Sequence
from decimal import Decimal

from accredit import money
from accredit.engine.frames import EVENT_TYPE_NOT_PAID, FOREIGN_PROMO_CODE, NO_AMOUNT_IN_CURRENCY
from accredit.engine.program import (
    NUMBER_FIELDS,
    NUMBER_OPERATORS,
    RULE_FIELDS,
    TEXT_FIELDS,
    TEXT_OPERATORS,
    Adjustment,
    Payout,
    PayoutGroup,
    Rate,
    Restriction,
    Rule,
    Terms,
)
from accredit.files.errors import Sentence
from accredit.files.program_file.section import REQUIRED, Section, shown

OPERATORS = (*TEXT_OPERATORS, *NUMBER_OPERATORS)
MAX_ADJUSTMENTS = 60
MAX_VERSION = 1_000_000
RESERVED_NAMES = (EVENT_TYPE_NOT_PAID, FOREIGN_PROMO_CODE, NO_AMOUNT_IN_CURRENCY)


def read_terms(section: Section, *, currency: str | None, event_types: Sequence[str]) -> Terms:
    """One `[[terms]]`."""
    terms = Terms(
        code=section.code(),
        version=section.integer("version", most=MAX_VERSION),
        payouts=_read_payouts(section, currency=currency, event_types=event_types),
        modification_starts_at=section.instant("modification_starts_at", None),
        early_opt_in=section.boolean("early_opt_in", default=False),
        comment=section.comment("comment"),
    )
    section.done()
    return terms


def _read_payouts(section: Section, *, currency: str | None, event_types: Sequence[str]) -> tuple[Payout, ...]:
    payouts = []
    paid: set[str] = set()
    for part in section.tables("payout", Sentence("A payout")):
        payout = _read_payout(part, currency=currency, event_types=event_types)
        if payout.event_type in paid:
            part.error(
                "event_type",
                Sentence(
                    "These terms have a payout for {event_type!r} already; leave one out.", event_type=payout.event_type
                ),
            )
        paid.add(payout.event_type)
        payouts.append(payout)
    return tuple(payouts)


def _read_payout(section: Section, *, currency: str | None, event_types: Sequence[str]) -> Payout:
    adjustments = section.tables("adjustment", Sentence("A payout adjustment"))
    if len(adjustments) > MAX_ADJUSTMENTS:
        section.error(
            "adjustment",
            Sentence(
                "A payout has at most {limit} adjustments, not {number}.",
                limit=MAX_ADJUSTMENTS,
                number=len(adjustments),
            ),
        )
    payout = Payout(
        event_type=section.reference("event_type", event_types, Sentence("event type")),
        level=section.choice("level", ("order", "item")),
        model=section.name("model"),
        rate=_read_rate(section, currency),
        groups=tuple(_read_group(part, currency) for part in section.tables("group", Sentence("A payout group"))),
        adjustments=tuple(_read_adjustment(part, currency) for part in adjustments),
        restrictions=tuple(
            _read_restriction(part) for part in section.tables("restriction", Sentence("A payout restriction"))
        ),
    )
    section.done()
    return payout


def _read_rate(section: Section, currency: str | None) -> Rate:
    match _one_of(section, "percent", "fixed"):
        case "percent":
            return Rate(percent_ppm=section.percent_ppm("percent", least=0))
        case "fixed":
            return Rate(fixed=section.amounts("fixed", currency, negative=False))
        case _:
            return Rate()


def _read_group(section: Section, currency: str | None) -> PayoutGroup:
    group = PayoutGroup(model=section.name("model"), rate=_read_rate(section, currency), when=_read_rules(section))
    section.done()
    return group


def _read_adjustment(section: Section, currency: str | None) -> Adjustment:
    kind = _one_of(section, "percent", "amount")
    adjustment = Adjustment(
        name=section.name("name"),
        percent_ppm=section.percent_ppm("percent", least=-1000) if kind == "percent" else None,
        amount=section.amounts("amount", currency, negative=True) if kind == "amount" else None,
        when=_read_rules(section),
    )
    section.done()
    return adjustment


def _read_restriction(section: Section) -> Restriction:
    name = section.name("name")
    if name in RESERVED_NAMES:
        section.error(
            "name",
            Sentence("{name!r} stands for another reason in the results; name the restriction differently.", name=name),
        )
    restriction = Restriction(name=name, when=_read_rules(section))
    section.done()
    return restriction


def _one_of(section: Section, *keys: str) -> str | None:
    """The one of the keys that is there; an error where it is none or both."""
    present = [key for key in keys if section.has(key)]
    if len(present) == 1:
        return present[0]
    one, other = keys
    if present:
        section.error(
            present[1],
            Sentence("{what} has either {one!r} or {other!r}, not both.", what=section.what, one=one, other=other),
        )
    else:
        section.error(None, Sentence("{what} needs {one!r} or {other!r}.", what=section.what, one=one, other=other))
    return None


def _read_rules(section: Section) -> tuple[Rule, ...]:
    return tuple(_read_rule(part) for part in section.tables("when", Sentence("A rule")))


def _read_rule(section: Section) -> Rule:
    operators = [operator for operator in OPERATORS if section.has(operator)]
    unknown = section.values.keys() - {"field", *operators}
    field = section.text("field", None if unknown else REQUIRED)
    if field is not None and field not in RULE_FIELDS:
        section.error(
            "field",
            Sentence("There is no field {field!r}. Fields are: {fields}.", field=field, fields=", ".join(RULE_FIELDS)),
        )
    allowed = _operators_of(field)
    for key in unknown:
        section.error(
            key,
            Sentence(
                "A rule has no {key!r}: it has 'field' and exactly one of {operators}.",
                key=key,
                operators=", ".join(allowed),
            ),
        )
    if len(operators) != 1:
        if operators or not unknown:
            message = Sentence(
                "A rule has exactly one operator, this one has {number}. It takes: {operators}.",
                number=len(operators),
                operators=", ".join(allowed),
            )
            section.error(operators[1] if operators else None, message)
        return Rule(field, "")
    operator = operators[0]
    if operator not in allowed:
        kind = Sentence("a number") if field in NUMBER_FIELDS else Sentence("a text")
        section.error(
            operator,
            Sentence(
                "{field} is {kind} and takes no {operator!r}, only: {operators}.",
                field=field,
                kind=kind,
                operator=operator,
                operators=", ".join(allowed),
            ),
        )
        return Rule(field, operator)
    if operator in TEXT_OPERATORS:
        return Rule(field, operator, values=_read_values(section, field, operator))
    return Rule(field, operator, number=_read_number(section, operator))


def _operators_of(field: str | None) -> tuple[str, ...]:
    if field in NUMBER_FIELDS:
        return NUMBER_OPERATORS
    return TEXT_OPERATORS if field in TEXT_FIELDS else OPERATORS


def _read_values(section: Section, field: str, operator: str) -> tuple[str, ...]:
    values = section.texts(operator, expected=Sentence('a list of texts such as ["New"]'))
    if values == ():
        section.error(operator, Sentence("{operator!r} needs at least one text.", operator=operator))
    for number, value in enumerate(values or ()):
        if field == "currency" and value.upper() not in money.decimals_by_currency():
            section.error(operator, Sentence("{value!r} is no currency of ISO 4217.", value=value), number)
    return values or ()


def _read_number(section: Section, operator: str) -> Decimal | None:
    expected = Sentence('a number below 10^15 with at most four decimals, such as "50" or "199.99"')
    value = section.decimal(operator, expected=expected)
    if value is None:
        return None
    if value.adjusted() >= 15 or value.quantize(Decimal("1.0000")) != value:
        section.error(
            operator,
            Sentence("{key!r} is {value}; it must be {expected}.", key=operator, value=shown(value), expected=expected),
        )
        return None
    return value
