"""Where every partner and channel stands at a time: live or not, in which credit group, with which referral window.

Partners and channels are *parties*, numbered partners first, channels next, and one number for every unknown one. The
boundaries of all periods cut time into segments, so that a party's standing at any time is one look into a table.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

import polars as pl

from accredit.engine.frames import CREDIT_GROUP, INSTANT
from accredit.engine.program import CreditGroup, Program

MICROSECONDS_PER_DAY = 86_400_000_000
NO_LIVE_CONTRACT = 3
UNKNOWN_PARTY = 4
STATES = 8
"""A standing is `window_us * STATES + state`; the state is the place of a credit group, or one of the two above."""

PERIODS = {"credit_group": CREDIT_GROUP, "terms": pl.String(), "terms_version": pl.Int64()}


@dataclass(frozen=True)
class Ladder:
    """The standing of every party for conversions between two instants.

    `standing` (Int64) and `period` (UInt32, the row in `periods`, null where none is live) are indexed by
    `party * segments + segment`.
    """

    partners: tuple[str, ...]
    channels: tuple[str, ...]
    boundaries: pl.Series
    standing: pl.Series
    period: pl.Series
    periods: pl.DataFrame

    @property
    def segments(self) -> int:
        return self.boundaries.len() + 1

    @property
    def unknown(self) -> int:
        return len(self.partners) + len(self.channels)

    @cached_property
    def partner_codes(self) -> pl.Series:
        """Party number → partner code; null for channels and the unknown."""
        return pl.Series([*self.partners, *[None] * (len(self.channels) + 1)], dtype=pl.String)

    @cached_property
    def channel_codes(self) -> pl.Series:
        """Party number → channel code; null for partners and the unknown."""
        return pl.Series([*[None] * len(self.partners), *self.channels, None], dtype=pl.String)

    @cached_property
    def labels(self) -> pl.Series:
        """Party number → `partner:CODE` or `channel:CODE`."""
        partners = (f"partner:{code}" for code in self.partners)
        return pl.Series([*partners, *(f"channel:{code}" for code in self.channels), None], dtype=pl.String)

    def parties(self, clicks: pl.DataFrame) -> pl.Series:
        """The party number (UInt32) of every row of a frame with `partner` and `channel`."""
        partner = pl.col("partner").cast(pl.Enum(self.partners), strict=False).to_physical().cast(pl.UInt32)
        channel = pl.col("channel").cast(pl.Enum(self.channels), strict=False).to_physical().cast(pl.UInt32)
        unknown = pl.lit(self.unknown, pl.UInt32)
        return clicks.select(party=pl.coalesce(partner, channel + len(self.partners), unknown)).to_series()

    def segment(self, occurred_at: pl.Series) -> pl.Series:
        """The segment (UInt32) that each instant lies in."""
        if self.boundaries.is_empty():
            return pl.repeat(0, occurred_at.len(), dtype=pl.UInt32, eager=True)
        return self.boundaries.search_sorted(occurred_at, side="right").cast(pl.UInt32)

    def place(self, party: pl.Expr, segment: pl.Expr) -> pl.Expr:
        """The index of a party's standing in a segment."""
        return party * self.segments + segment


def build_ladder(program: Program, earliest: datetime, latest: datetime) -> Ladder:
    """The ladder for conversions from `earliest` to `latest`, both included. Source: spec 10, rules 1, 3 and 7."""
    partners = tuple(partner.code for partner in program.partners)
    channels = tuple(channel.code for channel in program.channels)
    periods = [
        period
        for period in _periods(program)
        if (period.starts_at is None or period.starts_at <= latest)
        and (period.ends_at is None or period.ends_at > earliest)
    ]
    edges = {edge for period in periods for edge in (period.starts_at, period.ends_at)}
    boundaries = sorted(edge.astimezone(UTC) for edge in edges if edge is not None and earliest < edge <= latest)
    segments = len(boundaries) + 1
    parties = len(partners) + len(channels)
    standing = [NO_LIVE_CONTRACT] * (parties * segments) + [UNKNOWN_PARTY] * segments
    rows: list[int | None] = [None] * len(standing)
    places = {group: place for place, group in enumerate(CreditGroup)}
    for row, period in enumerate(periods):
        first = 0 if period.starts_at is None else bisect_right(boundaries, period.starts_at)
        end = (
            segments if period.ends_at is None or period.ends_at > latest else bisect_right(boundaries, period.ends_at)
        )
        span = slice(period.party * segments + first, period.party * segments + end)
        value = period.window_days * MICROSECONDS_PER_DAY * STATES + places[period.credit_group]
        standing[span] = [value] * (end - first)
        rows[span] = [row] * (end - first)
    return Ladder(
        partners,
        channels,
        pl.Series(boundaries, dtype=INSTANT),
        pl.Series(standing, dtype=pl.Int64),
        pl.Series(rows, dtype=pl.UInt32),
        pl.DataFrame(
            [(period.credit_group.value, period.terms, period.version) for period in periods], PERIODS, orient="row"
        ),
    )


@dataclass(frozen=True, slots=True)
class _Period:
    party: int
    starts_at: datetime | None
    ends_at: datetime | None
    credit_group: CreditGroup
    window_days: int
    terms: str | None
    version: int | None


def _periods(program: Program) -> Iterator[_Period]:
    number = {partner.code: party for party, partner in enumerate(program.partners)}
    for contract in program.contracts:
        for p in contract.periods:
            party = number[contract.partner]
            yield _Period(party, p.starts_at, p.ends_at, p.credit_group, p.referral_window_days, p.terms, p.version)
    for party, channel in enumerate(program.channels, start=len(program.partners)):
        if not channel.periods:
            yield _Period(party, None, None, channel.credit_group, channel.referral_window_days, None, None)
        for c in channel.periods:
            yield _Period(party, c.starts_at, c.ends_at, c.credit_group, c.referral_window_days, None, None)
