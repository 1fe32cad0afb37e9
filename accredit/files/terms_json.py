"""The payouts of a terms version as canonical JSON, for the database: whole parts per million and minor units, decimals
as text, keys in one order. What is None or empty is left out."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from accredit.engine.program import Adjustment, Amounts, Payout, PayoutGroup, Rate, Restriction, Rule

Json = dict[str, Any]


def payouts_to_json(payouts: Sequence[Payout]) -> list[Json]:
    """Payouts as lists, dicts, texts and whole numbers only."""
    return [
        {
            "event_type": payout.event_type,
            "level": payout.level,
            "model": payout.model,
            **_rate_to_json(payout.rate),
            "groups": [
                {"model": group.model, **_rate_to_json(group.rate), "when": _rules_to_json(group.when)}
                for group in payout.groups
            ],
            "adjustments": [
                {
                    "name": adjustment.name,
                    **_amount_to_json("percent_ppm", adjustment.percent_ppm),
                    **_amount_to_json("amount", adjustment.amount),
                    "when": _rules_to_json(adjustment.when),
                }
                for adjustment in payout.adjustments
            ],
            "restrictions": [
                {"name": restriction.name, "when": _rules_to_json(restriction.when)}
                for restriction in payout.restrictions
            ],
        }
        for payout in payouts
    ]


def payouts_from_json(payouts: Sequence[Mapping[str, Any]]) -> tuple[Payout, ...]:
    """The payouts that `payouts_to_json` wrote."""
    return tuple(
        Payout(
            event_type=payout["event_type"],
            level=payout["level"],
            model=payout["model"],
            rate=_rate_from_json(payout),
            groups=tuple(
                PayoutGroup(group["model"], _rate_from_json(group), _rules_from_json(group["when"]))
                for group in payout["groups"]
            ),
            adjustments=tuple(
                Adjustment(one["name"], one.get("percent_ppm"), one.get("amount"), _rules_from_json(one["when"]))
                for one in payout["adjustments"]
            ),
            restrictions=tuple(
                Restriction(restriction["name"], _rules_from_json(restriction["when"]))
                for restriction in payout["restrictions"]
            ),
        )
        for payout in payouts
    )


def _amount_to_json(key: str, value: int | Amounts | None) -> Json:
    if value is None:
        return {}
    return {key: value if isinstance(value, int) else {code: value[code] for code in sorted(value)}}


def _rate_to_json(rate: Rate) -> Json:
    return {**_amount_to_json("percent_ppm", rate.percent_ppm), **_amount_to_json("fixed", rate.fixed)}


def _rate_from_json(values: Mapping[str, Any]) -> Rate:
    return Rate(percent_ppm=values.get("percent_ppm"), fixed=values.get("fixed"))


def _rules_to_json(rules: Sequence[Rule]) -> list[Json]:
    return [
        {"field": rule.field, rule.operator: list(rule.values) if rule.number is None else f"{rule.number:f}"}
        for rule in rules
    ]


def _rules_from_json(rules: Sequence[Mapping[str, Any]]) -> tuple[Rule, ...]:
    return tuple(_rule_from_json(dict(rule)) for rule in rules)


def _rule_from_json(rule: Json) -> Rule:
    field = rule.pop("field")
    ((operator, value),) = rule.items()
    if isinstance(value, str):
        return Rule(field, operator, number=Decimal(value))
    return Rule(field, operator, values=tuple(value))
