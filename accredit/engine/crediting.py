"""Who gets the credit: a function of conversions, clicks and the program. Source: spec 10."""

from dataclasses import dataclass
from functools import cached_property

import polars as pl

from accredit.engine import precedence
from accredit.engine.explaining import explain_credits
from accredit.engine.frames import CLICK_FIELDS, CREDIT_GROUP, CREDITED_TO, CREDITS, EXPLANATIONS, INSTANT, REASON, ROW
from accredit.engine.ladder import NO_LIVE_CONTRACT, STATES, UNKNOWN_PARTY, Ladder, build_ladder
from accredit.engine.program import Program
from accredit.engine.promo_codes import codes_of_orders, definitions_of_codes


@dataclass(frozen=True)
class Credited:
    """`credits` (CREDITS), one row a conversion in their order; `explanations` (EXPLANATIONS) where asked for."""

    credits: pl.DataFrame
    explanations: pl.DataFrame | None


class TooManyRows(ValueError):
    """More clicks or conversions than one call can rank."""


@dataclass(frozen=True)
class ClickLog:
    """The clicks in the order of time; of two at one instant, the one with the greater click id is the later.

    `position` belongs to the rows of `clicks`; `row`, `clicked_at` and `party` are indexed by position.
    """

    clicks: pl.DataFrame
    position: pl.Series
    row: pl.Series
    clicked_at: pl.Series
    party: pl.Series


@dataclass(frozen=True)
class Batch:
    """What one call of `credit` works on: the journeys' clicks and codes, ranked."""

    program: Program
    ladder: Ladder
    conversions: pl.DataFrame
    log: ClickLog
    segment: pl.Series  # of each conversion
    codes: pl.DataFrame  # definitions_of_codes and party, state, click_key, key
    keys: pl.Series  # sorted: every click and code of every journey, or the candidates only
    winners: (
        pl.DataFrame
    )  # conversion, party, position (of the click that the result names), reason, promo_code, blocked

    @cached_property
    def key_codes(self) -> pl.Series:
        """Row of `codes` for every key; null for clicks."""
        places = self.keys.search_sorted(self.codes.get_column("key"))
        rows = pl.repeat(None, self.keys.len(), dtype=ROW, eager=True)
        return rows.scatter(places, pl.int_range(places.len(), dtype=ROW, eager=True)) if places.len() else rows


def credit(program: Program, conversions: pl.DataFrame, clicks: pl.DataFrame, *, explain: bool = True) -> Credited:
    """Decide for every conversion who gets the credit.

    `conversions` (CONVERSIONS) and `clicks` (CLICKS) belong to `program`; the order of their rows does not matter. The
    clicks may hold journeys of other visitors. Raises TooManyRows above 2^28 conversions or about 2^31 clicks.
    """
    if conversions.height > precedence.MAX_CONVERSIONS or clicks.height > precedence.MAX_CLICKS:
        raise TooManyRows("one call credits at most 2^28 conversions over 2^31 clicks: give them in several batches")
    if conversions.is_empty():
        return Credited(pl.DataFrame(schema=CREDITS), pl.DataFrame(schema=EXPLANATIONS) if explain else None)
    batch = _rank(program, conversions, clicks, explain=explain)
    return Credited(_credits(batch), explain_credits(batch) if explain else None)


def _rank(program: Program, conversions: pl.DataFrame, clicks: pl.DataFrame, *, explain: bool) -> Batch:
    occurred_at = conversions.get_column("occurred_at")
    earliest, latest = conversions.select(first=pl.col("occurred_at").min(), last=pl.col("occurred_at").max()).row(0)
    ladder = build_ladder(program, earliest, latest)
    log = _click_log(clicks, ladder)
    segment = ladder.segment(occurred_at)
    keys = _click_keys(_journeys(conversions, log), log, ladder, occurred_at, segment, dropped=explain)
    codes = _rank_codes(program, conversions, keys, log, ladder, segment)
    coded = codes if explain else codes.filter(precedence.group_of(pl.col("key")) != precedence.DROPPED)
    keys = pl.concat([keys, coded.get_column("key")]).sort() if coded.height else keys.sort()
    winners = _winners(program, keys, codes, log)
    return Batch(program, ladder, conversions, log, segment, codes, keys, winners)


def _click_log(clicks: pl.DataFrame, ladder: Ladder) -> ClickLog:
    at, party = clicks.get_column("clicked_at"), ladder.parties(clicks)
    if at.is_sorted():
        row = None
    else:
        row = at.arg_sort()
        at = at.gather(row)
    rows = pl.int_range(clicks.height, dtype=ROW, eager=True)
    # Only clicks at one instant need their ids compared: usually few of very many.
    same = at == at.shift(1)
    if same.any():
        tied = (same | same.shift(-1)).fill_null(False).arg_true()
        row = rows.clone() if row is None else row  # scatter changes the series that it is called on
        tie = pl.DataFrame({"at": at.gather(tied), "row": row.gather(tied)})
        order = tie.with_columns(id=clicks.get_column("click_id").gather(tie.get_column("row"))).sort("at", "id")
        row = row.scatter(tied, order.get_column("row"))
    if row is None:
        return ClickLog(clicks, rows, rows, at, party)
    return ClickLog(clicks, rows.clone().scatter(row, rows), row, at, party.gather(row))


def _journeys(conversions: pl.DataFrame, log: ClickLog) -> pl.DataFrame:
    """Every click of every conversion's visitors: `conversion`, `position`. Source: spec 10, before rule 1."""
    named = conversions.lazy().select(pl.int_range(pl.len(), dtype=ROW).alias("conversion"), "visitor_id", "click_id")
    visitors = named.select("conversion", "visitor_id").drop_nulls()
    clicks = log.clicks.lazy().select("click_id", "visitor_id", log.position.alias("position"))
    alone: list[pl.LazyFrame] = []
    if conversions.get_column("click_id").null_count() < conversions.height:
        by_id = named.select("conversion", "click_id").drop_nulls()
        found = (
            clicks.join(by_id, on="click_id").select("conversion", "visitor_id", "position").collect(engine="streaming")
        )
        visitors = pl.concat([visitors, found.lazy().select("conversion", "visitor_id").drop_nulls()]).unique()
        alone = [found.lazy().filter(pl.col("visitor_id").is_null()).select("conversion", "position")]
    pairs = clicks.select("visitor_id", "position").join(visitors, on="visitor_id").select("conversion", "position")
    return pl.concat([pairs, *alone]).collect(engine="streaming")


def _click_keys(
    pairs: pl.DataFrame, log: ClickLog, ladder: Ladder, occurred_at: pl.Series, segment: pl.Series, *, dropped: bool
) -> pl.Series:
    """The key of every click of the journeys; of the candidates only, unless `dropped`."""
    standing = pl.lit(ladder.standing).gather(
        ladder.place(pl.lit(log.party).gather(pl.col("position")), pl.lit(segment).gather(pl.col("conversion")))
    )
    before = pl.lit(occurred_at.to_physical()).gather(pl.col("conversion")) - pl.lit(
        log.clicked_at.to_physical()
    ).gather(pl.col("position"))
    ranked = pairs.lazy().select("conversion", "position", before_us=before, standing=standing)
    window_us, state = pl.col("standing") // STATES, pl.col("standing") % STATES
    if not dropped:
        candidates = ranked.filter(pl.col("before_us") >= 0, pl.col("before_us") < window_us)
        key = precedence.click_key(pl.col("conversion"), state, pl.col("position"), pl.lit(precedence.CANDIDATE))
        return candidates.select(key=key).collect().get_column("key")
    why = (
        pl.when(pl.col("before_us") < 0).then(precedence.AFTER_CONVERSION)
        .when(state == UNKNOWN_PARTY).then(precedence.UNKNOWN_PARTY)
        .when(state == NO_LIVE_CONTRACT).then(precedence.NO_LIVE_CONTRACT)
        .when(pl.col("before_us") >= window_us).then(precedence.OUTSIDE_REFERRAL_WINDOW)
        .otherwise(precedence.CANDIDATE).cast(pl.UInt8)
    )  # fmt: skip
    group = pl.when(pl.col("why") == precedence.CANDIDATE).then(state).otherwise(precedence.DROPPED)
    key = precedence.click_key(pl.col("conversion"), group, pl.col("position"), pl.col("why"))
    return ranked.with_columns(why=why).select(key=key).collect().get_column("key")


def _rank_codes(
    program: Program, conversions: pl.DataFrame, keys: pl.Series, log: ClickLog, ladder: Ladder, segment: pl.Series
) -> pl.DataFrame:
    """The codes of the orders with their definitions, and for each: `party` (its owner), `state` (of the owner at the
    time), `click_key` (of the owner's latest candidate click) and `key`."""
    carried = definitions_of_codes(codes_of_orders(conversions), program, conversions.get_column("occurred_at"))
    owner = carried.get_column("owner").cast(pl.Enum(ladder.partners)).to_physical().cast(pl.UInt32)
    place = ladder.place(pl.col("party"), pl.lit(segment).gather(pl.col("conversion")))
    codes = carried.with_columns(owner.alias("party")).with_columns(
        state=pl.lit(ladder.standing).gather(place) % STATES
    )
    codes = codes.join(
        _latest_clicks(codes, keys, log, segment), on=["conversion", "party"], how="left", maintain_order="left"
    )
    involved = pl.col("policy").eq("always") | (pl.col("policy").eq("involved") & pl.col("click_key").is_not_null())
    candidate = pl.col("valid") & (pl.col("state") < NO_LIVE_CONTRACT) & involved
    group = pl.when(candidate).then(pl.col("state")).otherwise(precedence.DROPPED)
    return codes.with_columns(key=precedence.code_key(pl.col("conversion"), group, pl.col("sequence")))


def _latest_clicks(codes: pl.DataFrame, keys: pl.Series, log: ClickLog, segment: pl.Series) -> pl.DataFrame:
    """The latest candidate click of each party in the journeys of orders with codes: `conversion, party, click_key`."""
    if codes.is_empty():
        return pl.DataFrame(schema={"conversion": ROW, "party": pl.UInt32(), "click_key": pl.UInt64()})
    coded = pl.repeat(False, segment.len(), eager=True).scatter(codes.get_column("conversion"), True)
    key = pl.col("key")
    of_coded = pl.lit(coded).gather(precedence.conversion_of(key))
    return (
        keys.to_frame("key").lazy()
        .filter(of_coded & (precedence.group_of(key) != precedence.DROPPED))
        .select(
            conversion=precedence.conversion_of(key),
            party=pl.lit(log.party).gather(precedence.position_of(key)),
            click_key=key,
        )
        .group_by("conversion", "party").agg(pl.col("click_key").min())
        .collect()
    )  # fmt: skip


def _winners(program: Program, keys: pl.Series, codes: pl.DataFrame, log: ClickLog) -> pl.DataFrame:
    """One row a conversion that somebody wins: see Batch."""
    key = pl.col("key")
    first = keys.to_frame("key").lazy().filter(precedence.starts_conversion(key)).filter(
        precedence.group_of(key) != precedence.DROPPED
    )  # fmt: skip
    won = first.select(
        "key",
        conversion=precedence.conversion_of(key),
        group=precedence.group_of(key),
        position=precedence.position_of(key),
    ).with_columns(party=pl.lit(log.party).gather(pl.col("position")))
    if codes.is_empty():
        return won.select(
            "conversion", "group", "party", "position",
            reason=pl.lit("last_click", REASON), promo_code=pl.lit(None, pl.String), blocked=pl.lit(False),
            code_key=pl.lit(None, pl.UInt64),
        ).collect()  # fmt: skip
    by_code = codes.lazy().select(
        "key", code_party="party", code="definition_code", code_position=precedence.position_of(pl.col("click_key"))
    )
    return (
        won.join(by_code, on="key", how="left", maintain_order="left")
        .with_columns(
            pl.coalesce("party", "code_party"),
            pl.coalesce("position", "code_position"),
            reason=pl.when(pl.col("code_party").is_null()).then(pl.lit("last_click")).otherwise(pl.lit("promo_code")),
        )
        .join(_codes_of_winner(won, codes), on="conversion", how="left", maintain_order="left")
        .select(
            "conversion", "group", "party", "position", pl.col("reason").cast(REASON),
            promo_code=pl.coalesce("code", "own_code"),
            blocked=(
                pl.lit(program.foreign_promo_code == "invalid")
                & (pl.col("reason") == "last_click")
                & pl.col("foreign").fill_null(False)
            ),
            code_key=pl.when(pl.col("code").is_null()).then(pl.col("own_key")).otherwise(pl.col("key")),
        )
        .collect()
    )  # fmt: skip


def _codes_of_winner(won: pl.LazyFrame, codes: pl.DataFrame) -> pl.LazyFrame:
    """What the codes of an order mean for a winner by click: `own_code` and `own_key`, its own first code of policy
    `winner`; `foreign`, whether the order carries valid codes and none of them is its own (a channel owns none
    and is never blocked)."""
    valid = codes.lazy().filter("valid").select("conversion", "policy", "definition_code", "key", owner="party")
    own = pl.col("owner") == pl.col("party")
    named = pl.col("key").filter(own & (pl.col("policy") == "winner")).sort().first()
    code = pl.col("definition_code").filter(own & (pl.col("policy") == "winner")).sort_by(
        pl.col("key").filter(own & (pl.col("policy") == "winner"))
    )  # fmt: skip
    return (
        won.select("conversion", "party").drop_nulls()
        .join(valid, on="conversion")
        .group_by("conversion")
        .agg(own_code=code.first(), own_key=named, foreign=~own.any())
    )  # fmt: skip


def _credits(batch: Batch) -> pl.DataFrame:
    ladder, log, conversions = batch.ladder, batch.log, batch.conversions
    rows = pl.int_range(conversions.height, dtype=ROW, eager=True).alias("conversion").to_frame()
    party, position = pl.col("party"), pl.col("position")
    credits = rows.join(batch.winners, on="conversion", how="left", maintain_order="left").with_columns(
        period=pl.lit(ladder.period).gather(ladder.place(party, pl.lit(batch.segment))),
        row=pl.lit(log.row).gather(position),
        is_partner=party < len(ladder.partners),
    )
    clicks = {name: pl.lit(log.clicks.get_column(name)).gather(pl.col("row")) for name in ("click_id", *CLICK_FIELDS)}
    period = {
        name: pl.lit(ladder.periods.get_column(name)).gather(pl.col("period"))
        for name in ("credit_group", "terms", "terms_version")
    }
    credited_to = (
        pl.when(pl.col("is_partner").is_null()).then(pl.lit("none"))
        .when("is_partner").then(pl.lit("partner")).otherwise(pl.lit("channel"))
    )  # fmt: skip
    return credits.select(
        credited_to=credited_to.cast(CREDITED_TO),
        partner=pl.lit(ladder.partner_codes).gather(party),
        channel=pl.lit(ladder.channel_codes).gather(party),
        click_id=clicks["click_id"],
        clicked_at=pl.lit(log.clicked_at).gather(position).cast(INSTANT),
        reason=pl.col("reason").fill_null(pl.lit("no_candidate", REASON)),
        promo_code=pl.col("promo_code"),
        credit_group=period["credit_group"].cast(CREDIT_GROUP),
        terms=period["terms"],
        terms_version=period["terms_version"],
        blocked=pl.col("blocked").fill_null(False) & pl.col("is_partner").fill_null(False),
        **{name: pl.coalesce(conversions.get_column(name), clicks[name]) for name in CLICK_FIELDS},
    )
