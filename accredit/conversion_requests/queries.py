"""Reading requests, and the conversions that they are about, as frames."""

from dataclasses import dataclass
from uuid import UUID

import polars as pl
from psycopg import sql

from accredit.conversion_requests.frames import REQUESTED, WANTED_ITEMS
from accredit.conversion_requests.models import Rules
from accredit.conversions import history
from accredit.conversions.queries import items_that_hold, kept_trace
from accredit.database.copy import copy_out, text_array
from accredit.engine.frames import CLICK_FIELDS, CONVERSIONS, MINOR, TEXT, Schema
from accredit.engine.trace import Trace
from accredit.programs.models import Program

SHOWN = {name: f"shown_{name}" for name in CLICK_FIELDS}
"""What a conversion shows of a field: the order's own, else the winning click's."""
STORED: Schema = {  # conversions as they are; of CLICK_FIELDS the order's own
    "id": TEXT,
    "decision": pl.Int64(),
    "changes": pl.Int64(),
    "status": TEXT,
    "rejection_reason": TEXT,
    "rejection_comment": TEXT,
    "credited_to": TEXT,
    "partner": TEXT,
    "channel": TEXT,
    "credited_click_id": TEXT,
    "reason": TEXT,
    "credited_promo_code": TEXT,
    "credit_group": TEXT,
    "terms": TEXT,
    "terms_version": pl.Int64(),
    "blocked": TEXT,
    "rate_id": TEXT,
    "commission_minor": MINOR,
    "model": TEXT,
    **CONVERSIONS,
    **dict.fromkeys(SHOWN.values(), TEXT),
}
ORDER = ("event_type", "order_token")
DECIDED_LAST = sql.SQL("""
    left join lateral (
        select change.stage, change.changed_at, name
        from conversion_requests_stagechange change left join access_user on access_user.id = user_id
        where change.program_id = request.program_id and request_id = request.id and change.stage <> 'processed'
        order by change.number desc limit 1
    ) last on true
""")
"""Joins to each `request` the last stage that it came to by somebody's decision: being processed only follows."""
_LINE = pl.Struct({name: dtype for name, dtype in WANTED_ITEMS.items() if name != "row"})
_COLUMNS: Schema = {**{name: dtype for name, dtype in REQUESTED.items() if name != "row"}, "items": TEXT}


@dataclass(frozen=True, slots=True)
class State:
    """What requests meet: `conversions` (STORED) with their `items` (ITEMS_THAT_HOLD) and `trace`, row by row; and the
    orders (ORDER) that the intake `knows` though there is no conversion of them."""

    conversions: pl.DataFrame
    items: pl.DataFrame
    trace: Trace
    known: pl.DataFrame


def requested(program_id: UUID, ids: pl.Series) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Requests of these ids, in this order, as they were raised: REQUESTED, `row` is the place in `ids`, and their
    items (WANTED_ITEMS). Ids that the program does not have are left out."""
    places = ids.to_frame("id").with_row_index("row")
    query = sql.SQL("select id, {} from conversion_requests_request where program_id = {} and id = any({}::uuid[])")
    columns = sql.SQL(", ").join(map(sql.Identifier, _COLUMNS))
    found = copy_out(query.format(columns, program_id, text_array(places["id"])), {"id": TEXT, **_COLUMNS})
    rows = places.cast({"row": pl.Int64}).join(found, on="id", maintain_order="left")
    return rows.select(*REQUESTED), items_of(rows)


def items_of(rows: pl.DataFrame) -> pl.DataFrame:
    """The items (WANTED_ITEMS) of rows with `row` and `items` (JSON)."""
    lines = rows.select("row", "items").drop_nulls()
    if lines.is_empty():
        return pl.DataFrame(schema=dict(WANTED_ITEMS))
    decoded = lines.with_columns(pl.col("items").str.json_decode(pl.List(_LINE)))
    return decoded.explode("items").unnest("items").select(*WANTED_ITEMS)


def state_of(program_id: UUID, requests: pl.DataFrame, *, lock: bool) -> State:
    """What these requests (REQUESTED) meet. `lock`: the conversions are held until the end of the transaction."""
    tokens = text_array(pl.concat([requests["order_token"], requests["new_order_token"]]))
    conversions = _stored(program_id, requests["conversion_id"], tokens, lock=lock)
    items = items_that_hold(program_id, conversions["id"])
    known = _known(program_id, tokens, conversions)
    return State(conversions, items, kept_trace(program_id, conversions, items), known)


def _stored(program_id: UUID, ids: pl.Series, tokens: sql.Composable, *, lock: bool) -> pl.DataFrame:
    own = [
        sql.SQL("order_fields ->> {}").format(sql.Literal(name))
        if name in CLICK_FIELDS
        else history.CHANGES
        if name == "changes"
        else sql.Identifier(name.removeprefix("shown_"))
        for name in STORED
    ]
    # One by one: an order token may come with any of the program's event types, and the index begins with them.
    query = sql.SQL("""
        select {columns} from conversions_conversion conversion
        where program_id = {program_id} and id = any(array(
            select wanted::uuid from unnest({ids}) wanted
            union
            select found.id from programs_eventtype event_type cross join unnest({tokens}) wanted
            cross join lateral (
                select id from conversions_conversion
                where program_id = {program_id} and event_type = event_type.code and order_token = wanted limit 1
            ) found
            where event_type.program_id = {program_id}
        )) order by id {lock}
    """).format(
        columns=sql.SQL(", ").join(own),
        program_id=sql.Literal(program_id),
        ids=text_array(ids),
        tokens=tokens,
        lock=sql.SQL("for update of conversion" if lock else ""),
    )
    return copy_out(query, STORED)


def _known(program_id: UUID, tokens: sql.Composable, conversions: pl.DataFrame) -> pl.DataFrame:
    query = sql.SQL("""
        select event_type.code, wanted from programs_eventtype event_type cross join unnest({tokens}) wanted
        cross join lateral (
            select from tracking_order
            where program_id = {program_id} and event_type = event_type.code and order_token = wanted limit 1
        ) came
        where event_type.program_id = {program_id}
    """).format(tokens=tokens, program_id=sql.Literal(program_id))
    return copy_out(query, dict.fromkeys(ORDER, TEXT)).join(conversions, on=list(ORDER), how="anti")


def rules_of(program: Program) -> Rules:
    """How the program deals with requests."""
    return Rules.objects.filter(program=program).first() or Rules(program=program)
