"""The ladder beside a look at every period."""

from datetime import UTC, datetime, timedelta, timezone

import polars as pl
import pytest

from accredit.engine.ladder import MICROSECONDS_PER_DAY, NO_LIVE_CONTRACT, STATES, UNKNOWN_PARTY, build_ladder
from accredit.engine.program import (
    Channel,
    ChannelPeriod,
    Contract,
    ContractPeriod,
    CreditGroup,
    EventType,
    Partner,
    Program,
)

P, S, N = CreditGroup.PREFERRED, CreditGroup.STANDARD, CreditGroup.NON_PREFERRED
MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
TOKYO = timezone(timedelta(hours=9))


def day(number: float, zone: timezone = UTC) -> datetime:
    return (MIDNIGHT + timedelta(days=number)).astimezone(zone)


PROGRAM = Program(
    code="anvils",
    name="Anvil Shop",
    advertiser="ACME",
    currency="USD",
    timezone="America/New_York",
    referral_window_days=30,
    event_types=(EventType("sale"),),
    partners=(Partner("gap", "Gap"), Partner("open", "Open"), Partner("none", "None")),
    channels=(
        Channel("always", "Always", N, 7),
        Channel("dated", "Dated", P, 30, (ChannelPeriod(day(2, TOKYO), day(3), S, 5),)),
    ),
    contracts=(
        Contract(
            "gap", (ContractPeriod(day(0), day(1, TOKYO), "t", 1, P, 30), ContractPeriod(day(2), day(4), "t", 2, S, 14))
        ),
        Contract(
            "open", (ContractPeriod(day(-900), day(1.5), "t", 1, N, 1), ContractPeriod(day(1.5), None, "t", 2, P, 2))
        ),
    ),
)


def standing_one_by_one(party: str, at: datetime) -> tuple[int, int]:
    contracts = {contract.partner: contract.periods for contract in PROGRAM.contracts}
    channels = {channel.code: channel for channel in PROGRAM.channels}
    if party in channels and not channels[party].periods:
        return channels[party].referral_window_days, list(CreditGroup).index(channels[party].credit_group)
    if party not in channels and party not in {partner.code for partner in PROGRAM.partners}:
        return 0, UNKNOWN_PARTY
    periods = channels[party].periods if party in channels else contracts.get(party, ())
    for period in periods:
        if period.starts_at <= at and (period.ends_at is None or at < period.ends_at):
            return period.referral_window_days, list(CreditGroup).index(period.credit_group)
    return 0, NO_LIVE_CONTRACT


@pytest.mark.parametrize(
    ("earliest", "latest"), [(-2.0, 6.0), (0.0, 1.0), (1.0, 1.0), (1.2, 3.0), (5.0, 9.0), (-9.0, -8.0)]
)
def test_standing_of_every_party_at_and_around_every_boundary(earliest: float, latest: float) -> None:
    ladder = build_ladder(PROGRAM, day(earliest), day(latest, TOKYO))
    tick = timedelta(microseconds=1)
    edges = [day(n) for n in (-9, -2, 0, 1, 1.5, 2, 3, 4, 5, earliest, latest)]
    instants = sorted(
        {at for edge in edges for at in (edge - tick, edge, edge + tick) if day(earliest) <= at <= day(latest)}
    )
    parties = ["gap", "open", "none", "always", "dated", "stranger"]
    clicks = pl.DataFrame(
        {
            "partner": [p if p not in ("always", "dated") else None for p in parties],
            "channel": [p if p in ("always", "dated") else None for p in parties],
        },
        {"partner": pl.String, "channel": pl.String},
    )
    numbers = dict(zip(parties, ladder.parties(clicks), strict=True))
    segments = ladder.segment(pl.Series(instants, dtype=pl.Datetime("us", "UTC")))
    assert len(instants) > 0
    for at, segment in zip(instants, segments, strict=True):
        for party in parties:
            place = numbers[party] * ladder.segments + segment
            window_us, state = divmod(ladder.standing[place], STATES)
            assert (window_us // MICROSECONDS_PER_DAY, state) == standing_one_by_one(party, at), (party, at)
            assert (ladder.period[place] is not None) == (state < NO_LIVE_CONTRACT)


def test_a_program_without_partners_and_channels() -> None:
    empty = Program("x", "X", "ACME", "USD", "UTC", 30, (EventType("sale"),))
    ladder = build_ladder(empty, day(0), day(1))
    clicks = pl.DataFrame(
        {"partner": ["a", None], "channel": [None, "b"]}, {"partner": pl.String, "channel": pl.String}
    )
    assert ladder.parties(clicks).to_list() == [ladder.unknown] * 2
    assert ladder.standing.to_list() == [UNKNOWN_PARTY]
