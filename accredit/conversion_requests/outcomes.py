"""The conversions that requests would come to: as they would be, credited and priced.

A change of turnover or items keeps its rate. What is created or claimed, and what gets another category or customer
status, is priced by the terms of its time. A claimed commission is a fixed amount for the order.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from accredit.conversion_requests.models import Kind
from accredit.conversion_requests.queries import SHOWN, State
from accredit.conversions.models import REQUESTED
from accredit.conversions.turnover import ASKED_ITEMS, repriced
from accredit.engine.deciding import Decided
from accredit.engine.frames import CLICK_FIELDS, CONVERSIONS, CREDITS, EXPLANATIONS, ITEMS, PRICED_ORDERS, RATES, ROW
from accredit.engine.pricing import KeptRate, price
from accredit.engine.program import Program
from accredit.engine.trace import CommissionTooLarge, Trace, summarize, worked_out

SET_BY_HAND = "set by hand"
"""The commission model of a claimed commission that was accepted."""
CHANGES, CLAIMS, CREATES = (pl.col("kind") == kind.value for kind in (Kind.CHANGE, Kind.CLAIM, Kind.CREATE))
KEPT_BY_CLAIMS = (
    "occurred_at", "currency", "turnover_minor", "category", "customer_status", "promo_code", "country", "items",
)  # fmt: skip
"""What a claim may say of its order and does not change: it stays as the shop reported it."""
_NAMES_ANEW = ("category", "customer_status")
_OF_ORDER = ("promo_code", "category", "country", "customer_status")


class NotPossible(Exception):
    """`whys`: the rows (by `row`) of which nothing can come, each with its code."""

    def __init__(self, whys: Mapping[int, str]) -> None:
        self.whys = whys
        super().__init__(f"{len(whys)} requests")


@dataclass(frozen=True, slots=True)
class Outcome:
    """`requests`: the rows, those of conversions that are there first; the rest goes with them row by row. `by_rate`:
    the commissions that the rates would give, whatever is claimed; `same_money`: rows that ask for the turnover or the
    items that are there."""

    requests: pl.DataFrame
    decided: Decided
    items: pl.DataFrame
    by_rate: pl.Series
    same_money: frozenset[int]


def outcome_of(program: Program, rows: pl.DataFrame, items: pl.DataFrame, state: State) -> Outcome:
    """What these requests (see `planning.plan`) come to. Raises NotPossible."""
    rows = rows.sort(pl.col("place").is_null(), maintain_order=True)
    there = rows.filter(pl.col("place").is_not_null())
    kept, details = _kept(state, there["place"])
    kept, same_money = _with_turnovers(kept, there, items)
    created = _items_of_created(rows, items)
    lines = pl.concat([kept.items.with_columns(details).select(*ITEMS), created])
    turnovers = pl.concat([kept.orders["turnover_minor"], rows["turnover_minor"][len(there) :]])
    conversions = _conversions(rows, turnovers)
    credits = _credits(rows)
    by_rate = _priced(program, rows, conversions, credits, lines, _with_created(kept, conversions, created))
    trace = _with_claimed(by_rate, rows, credits)
    reason = pl.when(CHANGES).then("reason_now").otherwise(pl.format(f"{REQUESTED}{{}}", "number"))
    said = credits.with_columns(rows.select(reason=reason))
    decided = Decided(conversions, said, pl.DataFrame(schema=dict(EXPLANATIONS)), trace, summarize(trace))
    return Outcome(rows, decided, lines, by_rate.orders["commission_minor"], same_money)


def _kept(state: State, places: pl.Series) -> tuple[Trace, pl.DataFrame]:
    """The trace of the conversions at these places, row by row, and sku and category of their items."""
    wanted = places.to_frame("conversion").with_row_index("row")
    items = pl.concat([state.trace.items, state.items.select("sku", "category")], how="horizontal")
    items = (
        wanted.join(items, on="conversion", maintain_order="left_right")
        .with_columns(conversion=pl.col("row").cast(ROW))
        .drop("row")
    )
    lines = items.drop("sku", "category")
    return Trace(state.trace.orders[places], lines, state.trace.rates), items.select("sku", "category")


def _with_turnovers(kept: Trace, there: pl.DataFrame, items: pl.DataFrame) -> tuple[Trace, frozenset[int]]:
    """The trace with the turnovers and items that changes ask for, by the rates that were kept; and the rows that ask
    for those that are there."""
    rows = there.select("row", "kind", "turnover_minor", id=pl.col("row").cast(pl.String)).with_row_index("conversion")
    touched = CHANGES & (pl.col("turnover_minor").is_not_null() | pl.col("row").is_in(items["row"].implode()))
    wanted = rows.filter(touched)
    if wanted.is_empty():
        return kept, frozenset()
    lines = items.filter(pl.col("row").is_in(wanted["row"].implode())).with_columns(id=pl.col("row").cast(pl.String))
    after, whys = repriced(kept, wanted, lines.select(*ASKED_ITEMS))
    found = dict(whys.join(rows, on="conversion").select("row", "why").iter_rows())
    refused = {row: why for row, why in found.items() if why != "no_change"}
    if refused:
        raise NotPossible(refused)
    return after, frozenset(found)


def _items_of_created(rows: pl.DataFrame, items: pl.DataFrame) -> pl.DataFrame:
    """The items (ITEMS) of what is created, as pricing wants them."""
    created = rows.with_row_index("conversion").filter(CREATES).select("row", "conversion")
    return (
        created.join(items, on="row", maintain_order="left")
        .sort("conversion", "item_id")
        .select(*ITEMS)
        .cast(dict(ITEMS))  # type: ignore[arg-type]
    )


def _with_created(kept: Trace, conversions: pl.DataFrame, created: pl.DataFrame) -> Trace:
    """The trace with what is created, which has no rate yet."""
    absent = {"rate": pl.lit(None, ROW), "commission_minor": pl.lit(None, pl.Int64)}
    new = conversions[len(kept.orders) :].select("currency", "turnover_minor", **absent)
    lines = created.select("conversion", "item_id", "quantity", "turnover_minor", **absent)
    return Trace(pl.concat([kept.orders, new.select(*PRICED_ORDERS)]), pl.concat([kept.items, lines]), kept.rates)


def _conversions(rows: pl.DataFrame, turnovers: pl.Series) -> pl.DataFrame:
    """CONVERSIONS as they would be; of CLICK_FIELDS the order's own."""
    now = {name: pl.col(f"{name}_now") for name in CONVERSIONS}
    changed = {name: pl.coalesce(pl.col(name), now[name]) for name in (*_OF_ORDER, *CLICK_FIELDS)}
    by_kind = {
        name: pl.when(CLAIMS).then(now[name]).otherwise(value) if name in KEPT_BY_CLAIMS else value
        for name, value in changed.items()
    }
    return rows.select(
        **{
            **now,
            **{name: pl.coalesce(now[name], name) for name in ("event_type", "occurred_at", "currency")},
            "order_token": pl.coalesce(pl.when(CHANGES).then("new_order_token"), now["order_token"], "order_token"),
            **by_kind,
            "customer_status_word": pl.coalesce(
                now["customer_status_word"], pl.when(CREATES).then("customer_status_asked")
            ),
            "turnover_minor": turnovers,
        }
    ).select(*CONVERSIONS)


def _credits(rows: pl.DataFrame) -> pl.DataFrame:
    """CREDITS: given to who asks, or as they are where a conversion is but changed."""
    now = {name: f"{name}_now" for name in ("credited_to", "partner", "channel", "credit_group", "terms")}
    now |= {"terms_version": "terms_version_now"}
    now |= {name: f"credited_{name}_now" for name in ("click_id", "promo_code")}
    given = rows.with_columns(pl.col("given_credited_to", "given_credit_group").cast(pl.String))
    columns = {name: pl.when(CHANGES).then(of).otherwise(f"given_{name}") for name, of in now.items()}
    shown = {name: pl.when(CHANGES).then(f"{of}_now").otherwise(f"{name}_now") for name, of in SHOWN.items()}
    credits = given.select(
        **columns,
        blocked=CHANGES & (pl.col("blocked_now") == "t").fill_null(False),
        clicked_at=pl.lit(None, CREDITS["clicked_at"]),
        reason=pl.lit(None, CREDITS["reason"]),
        **{name: pl.coalesce(name, shown[name]) for name in CLICK_FIELDS},
    )
    return credits.select(*CREDITS).cast(dict(CREDITS))  # type: ignore[arg-type]


def _priced(
    program: Program,
    rows: pl.DataFrame,
    conversions: pl.DataFrame,
    credits: pl.DataFrame,
    items: pl.DataFrame,
    kept: Trace,
) -> Trace:
    """The trace, with those priced by the terms of their time that this is for."""
    another = pl.any_horizontal(
        pl.col(name).is_not_null() & pl.col(name).ne_missing(pl.col(f"{name}_now")) for name in _NAMES_ANEW
    )
    which = rows.select(CREATES | CLAIMS | another).to_series()
    if not which.any():
        return kept
    numbers = pl.DataFrame({"conversion": which.arg_true().cast(ROW)}).with_row_index("number")
    of_items = items["conversion"].is_in(numbers["conversion"].implode())
    lines = items.filter(of_items).join(numbers, on="conversion", maintain_order="left")
    try:
        anew = price(
            program,
            conversions.filter(which),
            credits.filter(which),
            lines.with_columns(conversion=pl.col("number").cast(ROW)).select(*ITEMS),
        )
    except CommissionTooLarge as error:
        of_anew = rows.filter(which)["row"]
        raise NotPossible({of_anew[place]: "commission_too_large" for place in error.conversions}) from None
    offset = len(kept.rates)
    return worked_out(
        kept.orders.with_columns(_replaced(kept.orders["rate"], which, anew.orders["rate"] + offset)),
        kept.items.with_columns(_replaced(kept.items["rate"], of_items, anew.items["rate"] + offset)),
        _numbered([kept.rates, anew.rates]),
    )


def _with_claimed(trace: Trace, rows: pl.DataFrame, credits: pl.DataFrame) -> Trace:
    """The trace with the commissions that are claimed, each a fixed amount for its order."""
    which = rows["claimed_minor"].is_not_null()
    if not which.any():
        return trace
    keys = pl.concat([credits.select("terms", "terms_version"), trace.orders.select("currency"),
                      rows.select("claimed_minor")], how="horizontal").filter(which)  # fmt: skip
    distinct = keys.unique(maintain_order=True).with_row_index("rate", offset=len(trace.rates))
    numbers = keys.join(distinct, on=keys.columns, how="left", nulls_equal=True, maintain_order="left")["rate"]
    rates = [
        KeptRate(terms, version, "order", currency, SET_BY_HAND, fixed_minor=amount)._asdict() | {"adjustments": []}
        for terms, version, currency, amount in keys.unique(maintain_order=True).iter_rows()
    ]
    of_claimed = trace.items["conversion"].is_in(which.arg_true().cast(ROW).implode())
    rate = trace.items.select(pl.when(~of_claimed).then("rate").alias("rate")).to_series()
    by_hand = pl.DataFrame(rates, schema={name: dtype for name, dtype in RATES.items() if name != "rate"})
    return worked_out(
        trace.orders.with_columns(_replaced(trace.orders["rate"], which, numbers)),
        trace.items.with_columns(rate),
        _numbered([trace.rates, by_hand.with_columns(rate=pl.lit(0, ROW)).select(*RATES)]),
    )


def _replaced(rates: pl.Series, which: pl.Series, by: pl.Series) -> pl.Series:
    """The series with others where `which` says so."""
    return rates.clone().scatter(which.arg_true(), by.cast(ROW)).alias("rate")


def _numbered(rates: list[pl.DataFrame]) -> pl.DataFrame:
    return pl.concat(rates).with_columns(rate=pl.int_range(pl.len(), dtype=ROW))
