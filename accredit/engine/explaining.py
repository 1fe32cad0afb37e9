"""Why: one row for every click and code of a journey, each with exactly one outcome. Source: spec 10, Explanation."""

from typing import TYPE_CHECKING

import polars as pl

from accredit.engine import precedence
from accredit.engine.frames import CREDIT_GROUP, EXPLANATIONS, OUTCOME, ROW
from accredit.engine.ladder import NO_LIVE_CONTRACT, STATES

if TYPE_CHECKING:
    from accredit.engine.crediting import Batch

_OUTCOMES = {outcome: place for place, outcome in enumerate(OUTCOME.categories.to_list())}
_DROPPED_CLICK = {
    precedence.AFTER_CONVERSION: "after_conversion",
    precedence.UNKNOWN_PARTY: "unknown_partner",
    precedence.NO_LIVE_CONTRACT: "no_live_contract",
    precedence.OUTSIDE_REFERRAL_WINDOW: "outside_referral_window",
}


def explain_credits(batch: "Batch") -> pl.DataFrame:
    """EXPLANATIONS of a ranked batch, sorted by conversion and rank."""
    ladder, log, codes = batch.ladder, batch.log, batch.codes
    everything = _rows(batch)
    without_winner = _without_winner(batch, everything)
    rows = _merge_named(everything, batch)
    key = pl.col("key")
    rows = (
        rows.lazy()
        .with_columns(index=pl.int_range(pl.len(), dtype=ROW))
        .with_columns(first=pl.when(precedence.starts_conversion(key)).then("index").forward_fill())
        .collect()
    )
    first = rows.get_column("key").gather(rows.get_column("first"))
    rows = rows.with_columns(outcome=_outcome(batch, rows, first))
    place = ladder.place(pl.col("party"), pl.lit(batch.segment).gather(pl.col("conversion")))
    state = (pl.lit(ladder.standing).gather(place) % STATES).cast(pl.UInt8)
    row = pl.lit(log.row).gather(pl.col("position"))
    return rows.lazy().with_columns(row=row).select(
        "conversion",
        rank=pl.col("index") - pl.col("first") + 1,
        partner=pl.coalesce(
            pl.lit(log.clicks.get_column("partner")).gather(pl.col("row")),
            pl.lit(codes.get_column("owner")).gather(pl.col("code")),
        ),
        channel=pl.lit(log.clicks.get_column("channel")).gather(pl.col("row")),
        click_id=pl.lit(log.clicks.get_column("click_id")).gather(pl.col("row")),
        clicked_at=pl.lit(log.clicked_at).gather(pl.col("position")),
        promo_code=pl.lit(codes.get_column("text")).gather(pl.col("code")),
        credit_group=pl.when(state < NO_LIVE_CONTRACT).then(state).cat.to(CREDIT_GROUP),
        outcome=pl.col("outcome").cat.to(OUTCOME),
        without_winner=pl.when(pl.col("index") == pl.col("first")).then(
            pl.lit(ladder.labels).gather(pl.lit(without_winner).gather(pl.col("conversion")))
        ),
    ).collect().select(*EXPLANATIONS)  # fmt: skip


def _rows(batch: "Batch") -> pl.DataFrame:
    """The sorted keys with what they stand for: `key, conversion, position, code (row of codes), party`."""
    key = pl.col("key")
    parties = pl.lit(batch.log.party).gather(pl.col("position"))
    rows = batch.keys.to_frame("key").lazy().with_columns(
        conversion=precedence.conversion_of(key), position=precedence.position_of(key)
    )  # fmt: skip
    if batch.codes.is_empty():
        return rows.with_columns(party=parties, code=pl.lit(None, ROW)).collect()
    owner = pl.lit(batch.codes.get_column("party")).gather(pl.col("code"))
    return rows.with_columns(code=batch.key_codes).with_columns(party=pl.coalesce(parties, owner)).collect()


def _merge_named(rows: pl.DataFrame, batch: "Batch") -> pl.DataFrame:
    """The code and the click that a result names are one row, at the place of the winner."""
    if batch.codes.is_empty():
        return rows
    named = batch.winners.filter(pl.col("code_key").is_not_null())
    by_code = named.filter(pl.col("reason") == "promo_code").drop_nulls("position")
    clicks = by_code.join(batch.codes.select("click_key", code_key="key"), on="code_key").get_column("click_key")
    by_click = named.filter(pl.col("reason") == "last_click")
    keys = rows.get_column("key")
    merged = pl.concat([clicks, by_click.get_column("code_key")]).sort()
    position, code = rows.get_column("position"), rows.get_column("code")
    if by_code.height:
        position = position.scatter(keys.search_sorted(by_code.get_column("code_key")), by_code.get_column("position"))
    if by_click.height:
        winning = keys.search_sorted(by_click.get_column("conversion").cast(pl.UInt64) * 2**36)
        code = code.scatter(winning, code.gather(keys.search_sorted(by_click.get_column("code_key"))))
    rows = rows.with_columns(position, code)
    if merged.is_empty():
        return rows
    kept = pl.repeat(True, keys.len(), eager=True).scatter(keys.search_sorted(merged), False)
    return rows.filter(kept)


def _outcome(batch: "Batch", rows: pl.DataFrame, first: pl.Series) -> pl.Series:
    """The place of each row's outcome in OUTCOME. `first`: the key of the first row of each row's conversion."""
    key, best = pl.col("key"), pl.col("best")
    group, best_group = precedence.group_of(key), precedence.group_of(best)
    candidates = (
        pl.when(group > best_group).then(_OUTCOMES["lower_credit_group"])
        .when(key == best).then(_OUTCOMES["won"])
        .when(precedence.is_code(best)).then(_OUTCOMES["promo_code_precedence"])
        .otherwise(_OUTCOMES["earlier_click"])
    )  # fmt: skip
    dropped = pl.Series([_OUTCOMES[_DROPPED_CLICK.get(why, "won")] for why in range(8)], dtype=pl.UInt8)
    outcome = (
        pl.when(group != precedence.DROPPED).then(candidates.cast(pl.UInt8))
        .otherwise(pl.lit(dropped).gather(precedence.dropped_of(key)))
    )  # fmt: skip
    found = rows.lazy().select("key", "code", best=first).select(outcome.alias("outcome"), "key", "code").collect()
    outcomes = found.get_column("outcome")
    dropped_codes = found.select(
        (precedence.is_code(key) & (group == precedence.DROPPED)).fill_null(False)
    ).to_series().arg_true()  # fmt: skip
    if dropped_codes.is_empty():
        return outcomes
    words = _dropped_codes(batch).gather(found.get_column("code").gather(dropped_codes))
    return outcomes.scatter(dropped_codes, words)


def _dropped_codes(batch: "Batch") -> pl.Series:
    """For every row of `codes` the outcome that it has if it makes no candidate."""
    winner = batch.winners.select("conversion", winner="party")
    word = (
        pl.when(pl.col("definition").is_null()).then(_OUTCOMES["unknown_code"])
        .when(~pl.col("valid")).then(_OUTCOMES["code_not_valid"])
        .when(pl.col("state") == NO_LIVE_CONTRACT).then(_OUTCOMES["no_live_contract"])
        .when(pl.col("policy") == "involved").then(_OUTCOMES["code_not_involved"])
        .when(pl.col("party").eq_missing(pl.col("winner"))).then(_OUTCOMES["promo_code_precedence"])
        .otherwise(_OUTCOMES["code_not_winner"])
    )  # fmt: skip
    codes = batch.codes.join(winner, on="conversion", how="left", maintain_order="left")
    return codes.select(word.cast(pl.UInt8)).to_series()


def _without_winner(batch: "Batch", rows: pl.DataFrame) -> pl.Series:
    """For every conversion the party that would have won with all clicks and codes of the winner left out."""
    winner = pl.repeat(None, batch.conversions.height, dtype=pl.UInt32, eager=True)
    if batch.winners.is_empty():
        return winner
    winner = winner.scatter(batch.winners.get_column("conversion"), batch.winners.get_column("party"))
    key = pl.col("key")
    others = (
        rows.lazy()
        .filter(
            precedence.group_of(key) != precedence.DROPPED,
            pl.col("party") != pl.lit(winner).gather(pl.col("conversion")),
        )
        .filter(precedence.starts_conversion(key))
        .collect()
    )  # fmt: skip
    none = pl.repeat(None, batch.conversions.height, dtype=pl.UInt32, eager=True)
    return none.scatter(others.get_column("conversion"), others.get_column("party")) if others.height else none
