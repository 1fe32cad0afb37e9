"""What would come of requests: the impact that people see, and what processing does. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from accredit.conversion_requests.frames import PLANNED
from accredit.conversion_requests.models import Kind
from accredit.conversion_requests.outcomes import (
    CHANGES,
    CLAIMS,
    CREATES,
    KEPT_BY_CLAIMS,
    NotPossible,
    Outcome,
    outcome_of,
)
from accredit.conversion_requests.queries import ORDER, SHOWN, STORED, State
from accredit.conversions.models import Status
from accredit.database import json_text
from accredit.engine.customer_status import map_customer_status
from accredit.engine.frames import CLICK_FIELDS, CONVERSIONS, CREDITS, TEXT
from accredit.engine.giving import give_credit
from accredit.engine.program import Program
from accredit.money import MAX_AMOUNT_MINOR

WHY = {
    "unknown_order": "The program has no such conversion",
    "not_partners": "The conversion is not this partner's",
    "partners_own": "The conversion is this partner's already",
    "waiting": "The shop has reported this order, and it is not booked yet",
    "recorded_meanwhile": "The order was recorded meanwhile: look again",
    "changed_since": "The conversion was changed after it was looked at: look again",
    "no_live_contract": "The partner had no live contract at that time",
    "status_of_create": "A new conversion is open or approved",
    "reason_missing": "A rejection needs one of the program's reasons",
    "reason_unknown": "The program has no such rejection reason",
    "reason_without_rejection": "A reason is for rejections alone",
    "status_once": "It was validated, and is not open again: ask for approved or rejected",
    "rejected": "It is rejected, and nothing is paid for it: ask for another status as well",
    "order_taken": "There is an order of this number already",
    "time_differs": "The conversion occurred on another day, and its time cannot be changed",
    "currency_differs": "The conversion is in another currency, and that cannot be changed",
    "unknown_item": "It has no such item",
    "changed_twice": "Name a new turnover or changed items, not both, and each item once",
    "turnover_out_of_range": "A turnover is zero or more and below 10^15 minor units",
    "claimed_out_of_range": "A commission is zero or more and below 10^15 minor units",
    "quantity_out_of_range": "A quantity is a whole number from 1 to 10^8, or 0 with turnover 0 for a cancelled item",
    "turnover_not_scalable": "Its turnover was 0, so that its items have no shares in a new one: change the items",
    "commission_too_large": "Its commission would reach 10^15 minor units",
    "no_change": "It says so already",
    "error": "Something went wrong; the log of the worker says what",
}
"""Why nothing can come of a request: why it cannot be raised, and why its processing failed. The codes are for
programs, the sentences for people."""

SETTABLE = ("new_order_token", "category", "customer_status", "promo_code", "country", *CLICK_FIELDS)
"""Texts that a change may replace, beside turnover, items, commission and status."""
NOW = {name: "order_token_now" if name == "new_order_token" else f"{SHOWN.get(name, name)}_now" for name in SETTABLE}
_OF_ITEMS = ("unknown_item", "changed_twice", "quantity_out_of_range")


@dataclass(frozen=True, slots=True)
class Planned:
    """`rows`: PLANNED, what is shown. `outcome`: what is written, of the requests that can be done."""

    rows: pl.DataFrame
    outcome: Outcome


def plan(
    program: Program, requests: pl.DataFrame, items: pl.DataFrame, state: State, *, as_looked_at: bool = False
) -> Planned:
    """What comes of `requests` (REQUESTED) with their `items` (WANTED_ITEMS), each as if it were alone; a create whose
    order is somebody else's is a claim. `as_looked_at`: only where the conversion is as it was looked at."""
    rows = _with_credits(program, _beside(program, requests, state))
    rows = rows.with_columns(_differences(items)).with_columns(_refusal(program, state, as_looked_at=as_looked_at))
    while True:
        try:
            outcome = outcome_of(program, rows.filter(pl.col("why").is_null()), items, state)
        except NotPossible as error:
            whys = error.whys
        else:
            whys = _without_change(outcome)
        if not whys:
            return Planned(_told(rows, items, state, outcome), outcome)
        late = pl.col("row").replace_strict(dict(whys), default=None, return_dtype=TEXT)
        field = pl.when(late.is_in(_OF_ITEMS)).then(pl.lit("items")).when(late == "no_change").then(pl.lit(""))
        rows = rows.with_columns(
            why=pl.coalesce("why", late),
            field=pl.coalesce("field", pl.when(late.is_not_null()).then(field.otherwise(pl.lit("turnover_minor")))),
        )


def _beside(program: Program, requests: pl.DataFrame, state: State) -> pl.DataFrame:
    """The requests with their conversions (`…_now`) and the places of these, and the kind that they are by now."""
    places = state.conversions.select("id", *ORDER).with_row_index("place")
    by_order = requests.select(*ORDER).join(places, on=list(ORDER), how="left", maintain_order="left")["place"]
    by_id = requests.select("conversion_id").join(
        places, left_on="conversion_id", right_on="id", how="left", maintain_order="left"
    )["place"]
    asked = requests.with_columns(place=by_id.zip_with(by_id.is_not_null(), by_order))
    mapped = map_customer_status(program, requests.with_columns(customer_status_word="customer_status"))
    now = state.conversions.with_row_index("place").rename({name: f"{name}_now" for name in STORED})
    return (
        asked.with_columns(mapped["customer_status"], customer_status_asked="customer_status", kind_asked="kind")
        .join(now, on="place", how="left", maintain_order="left")
        .with_columns(
            kind=pl.when(CREATES & pl.col("place").is_not_null() & pl.col("partner_now").ne_missing(pl.col("partner")))
            .then(pl.lit(Kind.CLAIM.value))
            .otherwise("kind")
        )
        .with_columns(status_then=_status_then())
    )


def _status_then() -> pl.Expr:
    """The status that is asked for, or that it has. What was validated is not open again: a claim of it is accepted to
    be paid."""
    claimed = pl.when(CLAIMS & _is_validated()).then(pl.lit(Status.APPROVED.value))
    return pl.coalesce(claimed, "status", "status_now", pl.lit(Status.OPEN.value))


def _is_validated() -> pl.Expr:
    return (pl.col("status_now") != Status.OPEN.value).fill_null(False)


def _with_credits(program: Program, rows: pl.DataFrame) -> pl.DataFrame:
    """The rows with the credit that a create or claim would give (`given_…`)."""
    absent = [pl.lit(None, dtype).alias(name) for name, dtype in CONVERSIONS.items() if name not in rows.columns]
    timed = rows.with_columns(absent).with_columns(occurred_at=pl.coalesce("occurred_at_now", "occurred_at"))
    given = pl.Series(timed["occurred_at"].is_not_null() & rows.select(CREATES | CLAIMS).to_series())
    credits = give_credit(program, timed.filter(given).select(*CONVERSIONS), rows["partner"].filter(given))
    numbered = credits.rename({name: f"given_{name}" for name in CREDITS}).with_columns(rows["row"].filter(given))
    return rows.join(numbered, on="row", how="left", maintain_order="left")


def _differences(items: pl.DataFrame) -> list[pl.Expr]:
    """`differs`: the names of the wanted columns that are not as they are, items aside; `has_items`."""
    differs = {
        **{name: pl.col(name).is_not_null() & pl.col(name).ne_missing(pl.col(now)) for name, now in NOW.items()},
        "turnover_minor": pl.col("turnover_minor") != pl.col("turnover_minor_now"),
        "claimed_minor": pl.col("claimed_minor") != pl.col("commission_minor_now"),
        "status": pl.col("status_then") != pl.col("status_now"),
        "rejection_reason": pl.col("rejection_reason").is_not_null()
        & pl.col("rejection_reason").ne_missing(pl.col("rejection_reason_now")),
    }
    has_items = pl.col("row").is_in(items["row"].unique().implode())
    return [
        *(flag.fill_null(False).alias(f"differs_{name}") for name, flag in differs.items()),
        has_items.alias("has_items"),
    ]


_CHANGEABLE = (*NOW, "turnover_minor", "claimed_minor", "status", "rejection_reason")
_OF_MONEY = ("turnover_minor", "claimed_minor", "category", "customer_status")


def _refusal(program: Program, state: State, *, as_looked_at: bool) -> list[pl.Expr]:
    """`why` and `field` of what cannot be done, whatever it would cost."""
    there, is_new = pl.col("place").is_not_null(), CREATES | CLAIMS
    rejected = pl.col("status_then") == Status.REJECTED.value
    reason = pl.coalesce(
        "rejection_reason", pl.when(pl.col("status_now") == Status.REJECTED.value).then("rejection_reason_now")
    )
    reasons = [one.code for one in program.rejection_reasons]
    day = [pl.col(name).dt.convert_time_zone(program.timezone).dt.date() for name in ("occurred_at", "occurred_at_now")]
    of_money = pl.any_horizontal("has_items", *(f"differs_{name}" for name in _OF_MONEY))
    was_create = pl.col("kind_asked") == Kind.CREATE.value
    asks_to_open = pl.col("status") == Status.OPEN.value
    has_amounts = CHANGES | (CLAIMS & pl.col("claimed_minor").is_not_null())
    refusals: Sequence[tuple[str, str, pl.Expr]] = [
        ("partners_own", "order_token", is_new & there & (pl.col("partner_now") == pl.col("partner"))),
        ("recorded_meanwhile", "order_token", pl.lit(as_looked_at) & was_create & there),
        ("unknown_order", "order_token", ~CREATES & ~there),
        ("waiting", "order_token", CREATES & ~there & _in(state.known, "order_token")),
        ("not_partners", "order_token", CHANGES & pl.col("partner_now").ne_missing(pl.col("partner"))),
        ("changed_since", "", pl.lit(as_looked_at) & (pl.col("changes") != pl.col("changes_now"))),
        ("no_live_contract", "partner", is_new & pl.col("given_terms").is_null()),
        ("time_differs", "occurred_at", CHANGES & (day[0] != day[1])),
        ("currency_differs", "currency", has_amounts & (pl.col("currency") != pl.col("currency_now"))),
        ("status_of_create", "status", is_new & (pl.col("status") == Status.REJECTED.value)),
        ("status_once", "status", CHANGES & asks_to_open & _is_validated()),
        ("reason_missing", "rejection_reason", rejected & reason.is_null()),
        ("reason_unknown", "rejection_reason", rejected & ~pl.col("rejection_reason").is_in(reasons)),
        ("reason_without_rejection", "rejection_reason", ~rejected & pl.col("rejection_reason").is_not_null()),
        ("rejected", "status", rejected & of_money),
        ("turnover_out_of_range", "turnover_minor", ~pl.col("turnover_minor").is_between(0, MAX_AMOUNT_MINOR)),
        ("claimed_out_of_range", "claimed_minor", ~pl.col("claimed_minor").is_between(0, MAX_AMOUNT_MINOR)),
        ("order_taken", "new_order_token", pl.col("differs_new_order_token") & _is_taken(state)),
    ]  # fmt: skip
    why = pl.coalesce(pl.when(wrong).then(pl.lit(code)) for code, _, wrong in refusals)
    field = pl.coalesce(pl.when(wrong).then(pl.lit(name)) for _, name, wrong in refusals)
    return [why.alias("why"), field.alias("field")]


def _in(orders: pl.DataFrame, token: str) -> pl.Expr:
    """Whether the event type with this token is one of these orders."""
    return pl.struct(ORDER[0], pl.col(token).alias(ORDER[1])).is_in(
        orders.select(pl.struct(*ORDER)).to_series().implode()
    )


def _is_taken(state: State) -> pl.Expr:
    return _in(pl.concat([state.conversions.select(*ORDER), state.known]), "new_order_token")


def _without_change(outcome: Outcome) -> dict[int, str]:
    """Changes that change nothing."""
    same_money = pl.col("row").is_in(list(outcome.same_money))
    else_ = pl.any_horizontal(f"differs_{name}" for name in _CHANGEABLE if name != "turnover_minor")
    money = (pl.col("has_items") | pl.col("turnover_minor").is_not_null()) & ~same_money
    rows = outcome.requests.filter(CHANGES & ~else_ & ~money)["row"]
    return dict.fromkeys(rows.to_list(), "no_change")


def _told(rows: pl.DataFrame, items: pl.DataFrame, state: State, outcome: Outcome) -> pl.DataFrame:
    """PLANNED."""
    decided = outcome.decided
    paid = decided.summary.select("commission_minor", "restriction", model_then="model")
    then = pl.concat(
        [
            outcome.requests.select("row"),
            decided.trace.orders.select("currency", turnover_then="turnover_minor"),
            paid.rename({"commission_minor": "commission_then"}),
            outcome.by_rate.to_frame("by_rate"),
        ],
        how="horizontal",
    )
    doable = pl.col("why").is_null()
    status = pl.when(doable).then("status_then").otherwise("status_now")
    unpaid_now, unpaid_then = pl.col("status_now") == Status.REJECTED.value, status == Status.REJECTED.value
    now = pl.when(unpaid_now).then(0).otherwise("commission_minor_now")
    after = pl.when(~doable).then(now).when(unpaid_then).then(0).otherwise("commission_then")
    return (
        rows.drop("currency")
        .join(then, on="row", how="left", maintain_order="left")
        .with_columns(_before(items, state, rows))
        .with_columns(rows["currency"].alias("currency_asked"))
        .select(
            "row",
            "kind",
            "why",
            "field",
            conversion_id="id_now",
            changes="changes_now",
            currency=pl.coalesce("currency", "currency_now", "currency_asked"),
            partner_before="partner_now",
            channel_before="channel_now",
            partner=pl.when(doable & (CREATES | CLAIMS)).then("partner").otherwise("partner_now"),
            status_before="status_now",
            status=status,
            turnover_before_minor="turnover_minor_now",
            turnover_minor=pl.when(doable).then("turnover_then").otherwise("turnover_minor_now"),
            commission_before_minor=now,
            commission_minor=after,
            by_rate_minor=pl.when(doable & pl.col("claimed_minor").is_not_null()).then("by_rate"),
            difference_minor=after.fill_null(0) - now.fill_null(0),
            model_before="model_now",
            model=pl.when(doable).then("model_then").otherwise("model_now"),
            restriction="restriction",
            before=pl.when(pl.col("id_now").is_not_null()).then("before"),
        )
        .cast(dict(PLANNED))  # type: ignore[arg-type]
    )


def _before(items: pl.DataFrame, state: State, rows: pl.DataFrame) -> list[pl.Expr]:
    """`before`: the fields that a change or claim replaces, as they are (JSON)."""
    if state.conversions.is_empty():
        return [pl.lit(None, TEXT).alias("before")]
    texts = {name: json_text.text(pl.col(now)) for name, now in NOW.items()}
    values = {
        **texts,
        "turnover_minor": json_text.number(pl.col("turnover_minor_now")),
        "claimed_minor": json_text.number(pl.col("commission_minor_now")),
        "status": json_text.text(pl.col("status_now")),
        "rejection_reason": json_text.text(pl.col("rejection_reason_now")),
    }
    members = {
        name: pl.when(pl.col(f"differs_{name}") & _is_taken_over(name)).then(value.fill_null("null"))
        for name, value in values.items()
    }
    members |= {name: pl.when(CLAIMS).then(json_text.text(pl.col(f"{name}_now"))) for name in ("partner", "channel")}
    lines = _lines_before(items, state, rows)
    members["items"] = pl.when(pl.col("has_items") & _is_taken_over("items")).then(pl.lit(lines))
    return [json_text.object_of(members).alias("before")]


def _is_taken_over(name: str) -> pl.Expr:
    """Whether what is wanted there is written."""
    return CHANGES | pl.lit(name not in KEPT_BY_CLAIMS)


def _lines_before(items: pl.DataFrame, state: State, rows: pl.DataFrame) -> pl.Series:
    """For each row the items that it names, as they are (JSON)."""
    named = (
        rows.with_row_index("request")
        .select("row", "request", "place")
        .join(items.select("row", "item_id"), on="row", maintain_order="left")
        .join(state.items, left_on=["place", "item_id"], right_on=["conversion", "item_id"], maintain_order="left")
        .select(
            "request",
            line=json_text.object_of(
                {
                    "item_id": json_text.text(pl.col("item_id")),
                    "quantity": json_text.number(pl.col("quantity")),
                    "turnover_minor": json_text.number(pl.col("turnover_minor")),
                    "sku": json_text.text(pl.col("sku")),
                    "category": json_text.text(pl.col("category")),
                }
            ),
        )
    )
    return json_text.arrays(named, "request", "line", len(rows))
