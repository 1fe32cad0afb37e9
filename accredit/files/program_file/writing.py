"""A Program as the text of a program file that reads back as an equal Program."""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from accredit import money
from accredit.engine.program import (
    PPM_PER_PERCENT,
    Adjustment,
    Amounts,
    Channel,
    ChannelPeriod,
    Contract,
    ContractPeriod,
    Payout,
    PayoutGroup,
    Program,
    PromoCode,
    Rate,
    Restriction,
    Rule,
    Terms,
    Tracking,
)
from accredit.files.program_file.reading import FORMAT

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")

Value = str | int | bool | datetime | Decimal | Mapping[str, str] | tuple[str, ...] | None


def write_program(program: Program) -> str:
    """The program file of a program (spec 80), in UTF-8 when encoded. What is left out is what reads back as absent."""
    return "\n".join(_lines(program)) + "\n"


def values_of(program: Program) -> dict[str, Any]:
    """What a program file of the program holds, for whoever changes a part of it; `program_of` reads it."""
    return tomllib.loads(write_program(program), parse_float=Decimal)


def _lines(program: Program) -> Iterator[str]:
    yield f"format = {FORMAT}"
    yield from _table(
        "[program]",
        code=program.code,
        name=program.name,
        advertiser=program.advertiser,
        currency=program.currency,
        timezone=program.timezone,
        referral_window_days=program.referral_window_days,
        foreign_promo_code=program.foreign_promo_code,
        attribution=program.attribution,
        approval_reminder_days=program.approval_reminder_days,
    )
    yield from _tracking(program.tracking)
    for event_type in program.event_types:
        yield from _table("[[event_type]]", code=event_type.code, approve_after_days=event_type.approve_after_days)
        if event_type.customer_status is not None:
            yield "[event_type.customer_status]"
            yield from (f"{_key(status)} = {_value(words)}" for status, words in event_type.customer_status.items())
    for partner in program.partners:
        yield from _table("[[partner]]", code=partner.code, name=partner.name)
    for channel in program.channels:
        yield from _channel(channel)
    for promo_code in program.promo_codes:
        yield from _promo_code(promo_code)
    for ad in program.ads:
        yield from _table("[[ad]]", code=ad.code, name=ad.name, landing_page=ad.landing_page or None)
    for project in program.projects:
        yield from _table("[[project]]", code=project.code, name=project.name, partner=project.partner)
    for reason in program.rejection_reasons:
        yield from _table("[[rejection_reason]]", code=reason.code, title_de=reason.title_de, title_en=reason.title_en)
    for terms in program.terms:
        yield from _terms(terms, program.currency)
    for contract in program.contracts:
        yield from _contract(contract)


def _table(header: str, indent: int = 0, /, **values: Value) -> Iterator[str]:
    yield ""
    yield " " * indent + header
    for key, value in values.items():
        if value is not None:
            yield " " * indent + f"{key} = {_value(value)}"


def _tracking(tracking: Tracking) -> Iterator[str]:
    if tracking == Tracking():
        return
    yield from _table(
        "[program.tracking]",
        allowed_hosts=tracking.allowed_hosts,
        click_parameter=tracking.click_parameter,
        fallback_page=tracking.fallback_page or None,
        retention_days=tracking.retention_days,
        hold_unsigned=tracking.hold_unsigned or None,
    )


def _channel(channel: Channel) -> Iterator[str]:
    yield from _table(
        "[[channel]]",
        code=channel.code,
        name=channel.name,
        credit_group=channel.credit_group.value,
        referral_window_days=channel.referral_window_days,
    )
    for period in channel.periods:
        yield from _table("[[channel.period]]", 2, **_period(period))


def _period(period: ChannelPeriod | ContractPeriod) -> dict[str, Value]:
    values: dict[str, Value] = {"starts_at": period.starts_at, "ends_at": period.ends_at}
    if isinstance(period, ContractPeriod):
        values |= {"terms": period.terms, "version": period.version}
    values["credit_group"] = period.credit_group.value
    values["referral_window_days"] = period.referral_window_days
    return values


def _promo_code(promo_code: PromoCode) -> Iterator[str]:
    yield from _table(
        "[[promo_code]]",
        code=promo_code.code,
        match=promo_code.match,
        partner=promo_code.partner,
        policy=promo_code.policy,
        starts_at=promo_code.starts_at,
        ends_at=promo_code.ends_at,
    )


def _contract(contract: Contract) -> Iterator[str]:
    yield from _table("[[contract]]", partner=contract.partner, labels=contract.labels or None)
    for period in contract.periods:
        yield from _table("[[contract.period]]", 2, **_period(period))


def _terms(terms: Terms, currency: str) -> Iterator[str]:
    yield from _table(
        "[[terms]]",
        code=terms.code,
        version=terms.version,
        modification_starts_at=terms.modification_starts_at,
        early_opt_in=terms.early_opt_in or None,
        comment=terms.comment or None,
    )
    for payout in terms.payouts:
        yield from _payout(payout, currency)


def _payout(payout: Payout, currency: str) -> Iterator[str]:
    yield from _table(
        "[[terms.payout]]",
        2,
        event_type=payout.event_type,
        level=payout.level,
        model=payout.model,
        **_rate(payout.rate, currency),
    )
    parts: dict[str, tuple[PayoutGroup, ...] | tuple[Adjustment, ...] | tuple[Restriction, ...]] = {
        "group": payout.groups,
        "adjustment": payout.adjustments,
        "restriction": payout.restrictions,
    }
    for kind, those in parts.items():
        for part in those:
            yield from _table(f"[[terms.payout.{kind}]]", 4, **_part(part, currency))
            if part.when:
                yield "    when = [" + ", ".join(map(_rule, part.when)) + "]"


def _part(part: PayoutGroup | Adjustment | Restriction, currency: str) -> dict[str, Value]:
    match part:
        case PayoutGroup():
            return {"model": part.model, **_rate(part.rate, currency)}
        case Adjustment():
            return {"name": part.name, "percent": _percent(part.percent_ppm), "amount": _amounts(part.amount, currency)}
        case Restriction():
            return {"name": part.name}


def _rate(rate: Rate, currency: str) -> dict[str, Value]:
    return {"percent": _percent(rate.percent_ppm), "fixed": _amounts(rate.fixed, currency)}


def _percent(ppm: int | None) -> str | None:
    return None if ppm is None else f"{(Decimal(ppm) / PPM_PER_PERCENT).normalize():f}"


def _amounts(amounts: Amounts | None, currency: str) -> str | dict[str, str] | None:
    if amounts is None:
        return None
    majors = {code: f"{money.to_major(amounts[code], code):f}" for code in sorted(amounts)}
    return majors[currency] if set(majors) == {currency} else majors


def _rule(rule: Rule) -> str:
    value = _value(rule.values if rule.number is None else f"{rule.number:f}")
    return f"{{ field = {_value(rule.field)}, {rule.operator} = {value} }}"


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _value(key)


def _value(value: Value) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case datetime():
            return value.astimezone(UTC).replace(tzinfo=None).isoformat() + "Z"
        case tuple():
            return "[" + ", ".join(map(_value, value)) + "]"
        case Mapping():
            return "{ " + ", ".join(f"{_key(key)} = {_value(one)}" for key, one in value.items()) + " }"
        case _:
            return str(value)
