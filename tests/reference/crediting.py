"""Who gets the credit, one conversion at a time, as spec 10 says it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

from accredit.engine.program import CreditGroup, Program, PromoCode
from tests.reference.facts import Click, ClickFields, Conversion

EVER = datetime.min.replace(tzinfo=UTC)
LADDER = [CreditGroup.PREFERRED, CreditGroup.STANDARD, CreditGroup.NON_PREFERRED]


@dataclass(frozen=True, kw_only=True)
class Credit(ClickFields):
    credited_to: str
    partner: str | None = None
    channel: str | None = None
    click_id: str | None = None
    clicked_at: datetime | None = None
    reason: str
    promo_code: str | None = None
    credit_group: CreditGroup | None = None
    terms: str | None = None
    terms_version: int | None = None
    blocked: bool = False


@dataclass(frozen=True, kw_only=True)
class Explanation:
    conversion: int
    rank: int
    partner: str | None
    channel: str | None
    click_id: str | None
    clicked_at: datetime | None
    promo_code: str | None
    credit_group: CreditGroup | None
    outcome: str
    without_winner: str | None


@dataclass(frozen=True)
class Party:
    kind: str  # "partner" or "channel"
    code: str


@dataclass(frozen=True)
class Standing:
    """What a party's period live at the conversion says."""

    group: CreditGroup
    window: timedelta
    terms: str | None = None
    terms_version: int | None = None


@dataclass(frozen=True)
class JudgedClick:
    click: Click
    party: Party
    standing: Standing | None
    dropped: str | None  # why it is no candidate


@dataclass(frozen=True)
class JudgedCode:
    text: str  # as the order carries it
    definition: PromoCode | None
    standing: Standing | None
    dropped: str | None  # why it counts for nothing

    @property
    def owner(self) -> Party | None:
        return None if self.definition is None else Party("partner", self.definition.partner)

    @property
    def is_candidate(self) -> bool:
        return self.dropped is None and self.definition is not None and self.definition.policy != "winner"


@dataclass(frozen=True)
class Win:
    party: Party
    standing: Standing
    click: JudgedClick | None
    code: JudgedCode | None
    reason: str


def credit(
    program: Program, conversions: Sequence[Conversion], clicks: Sequence[Click]
) -> tuple[list[Credit], list[Explanation]]:
    credits: list[Credit] = []
    explanations: list[Explanation] = []
    for number, conversion in enumerate(conversions):
        judged_clicks = [judge_click(program, click, conversion.occurred_at) for click in journey(conversion, clicks)]
        judged_codes = [
            judge_code(program, text, judged_clicks, conversion.occurred_at)
            for text in codes_of_order(conversion.promo_code)
        ]
        win = elect(judged_clicks, judged_codes)
        credits.append(credit_of(program, conversion, win, judged_codes))
        explanations += explain(number, judged_clicks, judged_codes, win)
    return credits, explanations


def journey(conversion: Conversion, clicks: Sequence[Click]) -> list[Click]:
    """The clicks of the conversion's own visitor and of the visitor of the click that it names."""
    visitors = {conversion.visitor_id}
    visitors |= {click.visitor_id for click in clicks if click.click_id == conversion.click_id}
    visitors -= {None}
    return [click for click in clicks if click.visitor_id in visitors or click.click_id == conversion.click_id]


def codes_of_order(promo_code: str | None) -> list[str]:
    codes: list[str] = []
    for part in re.split("[;,]", promo_code or ""):
        if part.strip() and part.strip() not in codes:
            codes.append(part.strip())
    return codes


def is_live(starts_at: datetime | None, ends_at: datetime | None, at: datetime) -> bool:
    return (starts_at is None or starts_at <= at) and (ends_at is None or at < ends_at)


def standing_of(program: Program, party: Party, at: datetime) -> Standing | None:
    if party.kind == "partner":
        for contract in program.contracts:
            for period in contract.periods:
                if contract.partner == party.code and is_live(period.starts_at, period.ends_at, at):
                    window = timedelta(hours=24 * period.referral_window_days)
                    return Standing(period.credit_group, window, period.terms, period.version)
        return None
    for channel in program.channels:
        if channel.code == party.code and not channel.periods:
            return Standing(channel.credit_group, timedelta(hours=24 * channel.referral_window_days))
        for span in channel.periods:
            if channel.code == party.code and is_live(span.starts_at, span.ends_at, at):
                return Standing(span.credit_group, timedelta(hours=24 * span.referral_window_days))
    return None


def judge_click(program: Program, click: Click, at: datetime) -> JudgedClick:
    if click.partner is not None:
        party = Party("partner", click.partner)
        known = click.partner in [partner.code for partner in program.partners]
    else:
        assert click.channel is not None
        party = Party("channel", click.channel)
        known = click.channel in [channel.code for channel in program.channels]
    standing = standing_of(program, party, at) if known else None
    dropped = None
    if click.clicked_at > at:
        dropped = "after_conversion"
    elif not known:
        dropped = "unknown_partner"
    elif standing is None:
        dropped = "no_live_contract"
    elif click.clicked_at <= at - standing.window:
        dropped = "outside_referral_window"
    return JudgedClick(click, party, standing, dropped)


def matches(definition: PromoCode, text: str) -> bool:
    if definition.match == "exact":
        return definition.code.strip().lower() == text.strip().lower()
    return re.fullmatch(definition.code, text.strip()) is not None


def definition_of(definitions: Sequence[PromoCode], text: str) -> PromoCode | None:
    """The exact definition, else the first by its text; of two with one text the one that begins earlier."""
    matching = [definition for definition in definitions if matches(definition, text)]
    return min(matching, key=lambda one: (one.match != "exact", one.code, one.starts_at or EVER), default=None)


def judge_code(program: Program, text: str, clicks: Sequence[JudgedClick], at: datetime) -> JudgedCode:
    valid = [one for one in program.promo_codes if is_live(one.starts_at, one.ends_at, at)]
    definition = definition_of(valid, text)
    if definition is None:
        definition = definition_of(program.promo_codes, text)
        if definition is None:
            return JudgedCode(text, None, None, "unknown_code")
        standing = standing_of(program, Party("partner", definition.partner), at)
        return JudgedCode(text, definition, standing, "code_not_valid")
    owner = Party("partner", definition.partner)
    standing = standing_of(program, owner, at)
    if standing is None:
        return JudgedCode(text, definition, None, "no_live_contract")
    has_clicked = any(click.party == owner and click.dropped is None for click in clicks)
    if definition.policy == "involved" and not has_clicked:
        return JudgedCode(text, definition, standing, "code_not_involved")
    return JudgedCode(text, definition, standing, None)


def latest_first(clicks: Sequence[JudgedClick]) -> list[JudgedClick]:
    return sorted(clicks, key=lambda one: (one.click.clicked_at, one.click.click_id), reverse=True)


def elect(clicks: Sequence[JudgedClick], codes: Sequence[JudgedCode]) -> Win | None:
    candidates = latest_first([click for click in clicks if click.dropped is None])
    for group in LADDER:
        for code in codes:
            if code.is_candidate and code.standing is not None and code.standing.group == group:
                assert code.owner is not None
                own_click = next((click for click in candidates if click.party == code.owner), None)
                return Win(code.owner, code.standing, own_click, code, "promo_code")
        for click in candidates:
            if click.standing is not None and click.standing.group == group:
                named = next((code for code in codes if code.dropped is None and code.owner == click.party), None)
                return Win(click.party, click.standing, click, named, "last_click")
    return None


def credit_of(program: Program, conversion: Conversion, win: Win | None, codes: Sequence[JudgedCode]) -> Credit:
    click = win.click.click if win and win.click else None
    taken: dict[str, Any] = {}
    for field in fields(ClickFields):
        own = getattr(conversion, field.name)
        taken[field.name] = own if own is not None else getattr(click, field.name, None)
    if win is None:
        return Credit(credited_to="none", reason="no_candidate", **taken)
    valid_owners = [code.owner for code in codes if code.dropped not in ("unknown_code", "code_not_valid")]
    return Credit(
        credited_to=win.party.kind,
        partner=win.party.code if win.party.kind == "partner" else None,
        channel=win.party.code if win.party.kind == "channel" else None,
        click_id=click.click_id if click else None,
        clicked_at=click.clicked_at if click else None,
        reason=win.reason,
        promo_code=win.code.definition.code if win.code and win.code.definition else None,
        credit_group=win.standing.group,
        terms=win.standing.terms,
        terms_version=win.standing.terms_version,
        blocked=program.foreign_promo_code == "invalid"
        and win.party.kind == "partner"
        and win.reason == "last_click"
        and len(valid_owners) > 0
        and win.party not in valid_owners,
        **taken,
    )


def outcome_of_click(click: JudgedClick, win: Win | None) -> str:
    if click.dropped is not None:
        return click.dropped
    assert win is not None
    assert click.standing is not None
    if click.standing.group != win.standing.group:
        return "lower_credit_group"
    if click == win.click:
        return "won"
    return "promo_code_precedence" if win.reason == "promo_code" else "earlier_click"


def outcome_of_code(code: JudgedCode, win: Win | None) -> str:
    if code.dropped is not None:
        return code.dropped
    assert code.standing is not None
    if not code.is_candidate and (win is None or code.owner != win.party):
        return "code_not_winner"
    assert win is not None
    if code.standing.group != win.standing.group:
        return "lower_credit_group"
    return "won" if code == win.code else "promo_code_precedence"


def explain(
    number: int, clicks: Sequence[JudgedClick], codes: Sequence[JudgedCode], win: Win | None
) -> list[Explanation]:
    """The named code with the named click, then candidates by precedence, then dropped clicks, then dropped codes."""
    named_click = win.click if win else None
    named_code = win.code if win else None
    rows: list[tuple[JudgedClick | None, JudgedCode | None]] = [(named_click, named_code)] if win else []
    other_clicks = [click for click in latest_first(clicks) if click != named_click]
    other_codes = [code for code in codes if code != named_code]
    for group in LADDER:
        rows += [
            (None, code) for code in other_codes if code.is_candidate and code.standing and code.standing.group == group
        ]
        rows += [
            (click, None)
            for click in other_clicks
            if click.dropped is None and click.standing and click.standing.group == group
        ]
    rows += [(click, None) for click in other_clicks if click.dropped is not None]
    rows += [(None, code) for code in other_codes if not code.is_candidate]

    without_winner = None
    if win is not None:
        runner_up = elect(
            [click for click in clicks if click.party != win.party], [code for code in codes if code.owner != win.party]
        )
        without_winner = f"{runner_up.party.kind}:{runner_up.party.code}" if runner_up else None

    explanations = []
    for rank, (click, code) in enumerate(rows, start=1):
        party = click.party if click else code.owner if code else None
        standing = click.standing if click else code.standing if code else None
        if click is not None:
            outcome = outcome_of_click(click, win)
        else:
            assert code is not None
            outcome = outcome_of_code(code, win)
        explanations.append(
            Explanation(
                conversion=number,
                rank=rank,
                partner=party.code if party and party.kind == "partner" else None,
                channel=party.code if party and party.kind == "channel" else None,
                click_id=click.click.click_id if click else None,
                clicked_at=click.click.clicked_at if click else None,
                promo_code=code.text if code else None,
                credit_group=standing.group if standing else None,
                outcome=outcome,
                without_winner=without_winner if rank == 1 else None,
            )
        )
    return explanations
