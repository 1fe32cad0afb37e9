"""Programs and journeys from tables, for crediting.

A party whose name begins with a capital is a partner, any other a channel. Groups are P, S and N.

    parties   party | from | to | group | window       one row a period; a channel without from is undated
    codes     code | match | owner | policy | from | to
    clicks    click | at | visitor | party
    orders    order | at | visitor | click | codes

A column may be left out where it says nothing.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, cast

from accredit.engine.program import (
    Channel,
    ChannelPeriod,
    Contract,
    ContractPeriod,
    CreditGroup,
    EventType,
    Partner,
    Payout,
    Program,
    PromoCode,
    Rate,
    Terms,
)
from tests.factories.tables import GROUPS, Row, T, instant, table
from tests.reference.facts import Click, Conversion

WINDOW_DAYS = 30
TERMS = Terms("standard", 1, (Payout("sale", "order", "Standard 10 %", Rate(percent_ppm=100_000)),))


@dataclass(frozen=True)
class Situation:
    """What crediting is called with."""

    program: Program
    conversions: list[Conversion]
    clicks: list[Click]


def is_partner(party: str) -> bool:
    return party[:1].isupper()


def program_of(parties: str, codes: str = "", foreign_promo_code: Literal["credit", "invalid"] = "credit") -> Program:
    party_rows, code_rows = table(parties), table(codes)
    names = dict.fromkeys(row["party"] for row in party_rows)
    owners = dict.fromkeys(row["owner"] for row in code_rows)
    partners = [name for name in {**names, **owners} if is_partner(name)]
    return Program(
        code="anvils",
        name="Anvil Shop",
        advertiser="ACME",
        currency="USD",
        timezone="America/New_York",
        referral_window_days=WINDOW_DAYS,
        event_types=(EventType("sale"),),
        foreign_promo_code=foreign_promo_code,
        partners=tuple(Partner(name, name) for name in partners),
        channels=tuple(
            channel_of(name, [row for row in party_rows if row["party"] == name])
            for name in names
            if not is_partner(name)
        ),
        promo_codes=tuple(promo_code_of(row) for row in code_rows),
        terms=(TERMS,),
        contracts=tuple(
            Contract(name, tuple(contract_period_of(row) for row in party_rows if row["party"] == name))
            for name in partners
        ),
    )


def group_of(row: Row) -> CreditGroup:
    return GROUPS[row.get("group") or "P"]


def window_of(row: Row) -> int:
    return int(row.get("window") or WINDOW_DAYS)


def bound(row: Row, name: str) -> datetime | None:
    return instant(row[name]) if row.get(name) else None


def contract_period_of(row: Row) -> ContractPeriod:
    starts_at = bound(row, "from") or T - timedelta(days=1000)
    return ContractPeriod(starts_at, bound(row, "to"), TERMS.code, TERMS.version, group_of(row), window_of(row))


def channel_of(name: str, rows: Sequence[Row]) -> Channel:
    periods = tuple(
        ChannelPeriod(instant(row["from"]), bound(row, "to"), group_of(row), window_of(row))
        for row in rows
        if row.get("from")
    )
    undated = next((row for row in rows if not row.get("from")), {})
    return Channel(name, name, group_of(undated), window_of(undated), periods)


def promo_code_of(row: Row) -> PromoCode:
    return PromoCode(
        code=row["code"],
        match=cast(Literal["exact", "regex"], row.get("match") or "exact"),
        partner=row["owner"],
        policy=cast(Literal["always", "involved", "winner"], row["policy"]),
        starts_at=bound(row, "from"),
        ends_at=bound(row, "to"),
    )


def situation(
    *,
    parties: str,
    clicks: str = "",
    orders: str,
    codes: str = "",
    foreign_promo_code: Literal["credit", "invalid"] = "credit",
) -> Situation:
    """Tables → what crediting is called with. Clicks and orders without a visitor are of visitor `v`; `none` is
    nobody."""
    return Situation(
        program_of(parties, codes, foreign_promo_code),
        [
            Conversion(
                order_token=row["order"],
                occurred_at=instant(row.get("at") or "T"),
                visitor_id=visitor_of(row),
                click_id=row.get("click") or None,
                promo_code=row.get("codes") or None,
                turnover_minor=100_00,
            )
            for row in table(orders)
        ],
        [
            Click(
                click_id=row["click"],
                clicked_at=instant(row["at"]),
                visitor_id=visitor_of(row),
                partner=row["party"] if is_partner(row["party"]) else None,
                channel=None if is_partner(row["party"]) else row["party"],
            )
            for row in table(clicks)
        ],
    )


def visitor_of(row: Row) -> str | None:
    visitor = row.get("visitor") or "v"
    return None if visitor == "none" else visitor


def journey_situation(journey: str, codes: str) -> Situation:
    """`display(N) > A(S)@T-1d`, `X of A(S) always`: the journey of one order at T, its clicks an hour apart where they
    name no time, and the codes that it carries."""
    groups: Row = {}
    clicks = ["click | at | party"]
    steps = [step.strip() for step in journey.split(">") if step.strip()]
    for number, step in enumerate(steps, start=1):
        parts = re.fullmatch(r"(\w+)(?:\(([PSN])\))?(?:@(\S+))?", step)
        assert parts, f"no click: {step!r}"
        party, group, at = parts.groups()
        groups.setdefault(party, group or "")
        clicks.append(f"k{number} | {at or f'T-{len(steps) - number + 1}h'} | {party}")
    definitions = ["code | owner | policy"]
    carried = []
    for definition in [part.strip() for part in codes.split(",") if part.strip()]:
        parts = re.fullmatch(r"(\w+) of (\w+)(?:\(([PSN])\))? (\w+)", definition)
        assert parts, f"no code: {definition!r}"
        code, owner, group, policy = parts.groups()
        groups[owner] = groups.get(owner) or group or ""
        definitions.append(f"{code} | {owner} | {policy}")
        carried.append(code)
    return situation(
        parties="\n".join(["party | group", *(f"{party} | {group}" for party, group in groups.items())]),
        clicks="\n".join(clicks),
        orders=f"order | codes\n1 | {';'.join(carried)}",
        codes="\n".join(definitions),
    )
