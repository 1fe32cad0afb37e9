"""What is wrong with requests that somebody wants to raise: every fault of every row, at once."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID

import polars as pl
from psycopg import sql

from accredit.conversion_requests.frames import PLANNED, REQUESTED, WANTED, WANTED_ITEMS
from accredit.conversion_requests.models import OPEN_STAGES, Kind, Request, Stage
from accredit.conversion_requests.planning import WHY, plan
from accredit.conversion_requests.queries import ORDER, State, rules_of, state_of
from accredit.conversions.models import Status
from accredit.database import json_text
from accredit.database.copy import copy_out, text_array
from accredit.engine.customer_status import is_mapped, map_customer_status
from accredit.engine.frames import TEXT, Schema
from accredit.engine.program import Program, Terms
from accredit.engine.repricing import MAX_QUANTITY
from accredit.engine.rules import same_text
from accredit.files.values import MAX_TEXT
from accredit.imports.declaring import FOUND
from accredit.money import MAX_AMOUNT_MINOR, decimals_by_currency
from accredit.programs.queries import program_value
from accredit.programs.visibility import Viewpoint

FAULTS = {
    "missing": "It is missing",
    "unknown_kind": "A request is to create or to change",
    "unknown_partner": "The program has no such partner",
    "unknown_event_type": "The program has no such event type",
    "unknown_currency": "It is no currency of ISO 4217",
    "unknown_status": "A status is open, approved or rejected",
    "unknown_customer_status": "The event type has no such customer status",
    "unknown_category": "The program knows no such category",
    "unknown_project": "The partner has no such project",
    "too_long": "It has more than %(most)s characters",
    "in_future": "It lies in the future",
    "outside_period": "It is longer ago than the %(days)s days for which the program takes requests",
    "order_differs": "The conversion is of the order %(order)s",
    "not_of_create": "An order that is not there yet gets no other number",
    "sum_of_items": "The items come to %(sum)s",
    "item_wrong": "An item has an id of its own, a quantity from 1 and a turnover",
    "named_twice": "The order is named more than once",
    "raised_before": "The same request was raised before: number %(number)s",
    "open_request": "The request %(number)s for this order is still open",
    "not_correctable": "The request was decided, withdrawn or corrected meanwhile",
    **{code: said for code, said in WHY.items() if code not in ("changed_since", "recorded_meanwhile", "error")},
}
"""What can be wrong, with the details that the sentence takes. The codes are for programs."""

KNOWN: Schema = {"row": pl.Int64(), "id": TEXT, "number": pl.Int64(), "stage": TEXT}
THERE: Schema = {
    "id": TEXT, "number": pl.Int64(), "stage": TEXT, "partner": TEXT, "event_type": TEXT, "order_token": TEXT,
    "digest": TEXT, "changes": pl.Int64(), "replaced": pl.Int64(),
}  # fmt: skip
NO_ITEMS = pl.DataFrame(schema=dict(WANTED_ITEMS))
LATEST_CONVERSIONS = 20_000
"""Whose categories the program knows, beside those that its terms name."""
KNOWN_NAMED = 12
ROWS_NAMED = 5
_TEXTS = tuple(name for name, dtype in WANTED.items() if dtype == TEXT and name not in ("kind", "source"))
_REQUIRED = ("partner", "event_type", "order_token", "occurred_at", "turnover_minor")
_OPEN = [stage.value for stage in OPEN_STAGES]
CORRECTABLE = (Stage.INQUIRED, Stage.FAILED, Stage.REJECTED)
_DONE = ("no_change", "partners_own")
"""Why nothing comes of what was asked and done before."""
_CREATES = pl.col("kind") == Kind.CREATE.value


@dataclass(frozen=True, slots=True)
class Checked:
    """`faults` (FOUND, `column` a name of WANTED, `items` or empty); of the rows that are complete what they ask for
    (`requests`: REQUESTED with `source`, `digest` and `is_done`: whether it says so already; `items`) and what would
    come of it (`planned`, PLANNED); and those that were raised before (`known`, KNOWN)."""

    faults: pl.DataFrame
    requests: pl.DataFrame
    items: pl.DataFrame
    planned: pl.DataFrame
    known: pl.DataFrame


def check(
    view: Viewpoint,
    wanted: pl.DataFrame,
    items: pl.DataFrame = NO_ITEMS,
    *,
    now: datetime,
    replaces: UUID | None = None,
) -> Checked:
    """Everything that is wrong with what the viewer wants to raise (WANTED, with their WANTED_ITEMS). Partners are told
    of a claim that it is one, and no more. `replaces`: the request that it takes the place of."""
    checked = check_in_full(view, wanted, items, now=now, replaces=replaces)
    if view.sees_everything:
        return checked
    told = ("row", "kind", "why", "field", "partner", "currency")
    theirs = pl.col("kind") != Kind.CLAIM.value
    hidden = (pl.when(theirs).then(name).alias(name) for name in PLANNED if name not in told)
    return replace(checked, planned=checked.planned.with_columns(hidden))


def check_in_full(
    view: Viewpoint,
    wanted: pl.DataFrame,
    items: pl.DataFrame,
    *,
    now: datetime,
    replaces: UUID | None = None,
    to_raise: bool = False,
) -> Checked:
    """As `check`, with what only the program's owners may know. `to_raise`: every request has its digest; else only
    those whose order was asked for before."""
    program = view.program
    value = program_value(program.id)
    rows = _filled(view, value, wanted)
    state = state_of(program.id, rows, lock=False)
    rows = _named(view, rows, state)
    structural = pl.concat([*_incomplete(view, value, rows), *_malformed(rows, items)])
    complete = ~pl.col("row").is_in(structural["row"].unique().implode())
    requests = rows.filter(complete).select(*REQUESTED, "source")
    lines = items.filter(pl.col("row").is_in(requests["row"].implode())).select(*WANTED_ITEMS)
    planned = plan(value, requests.select(*REQUESTED), lines, state).rows
    met = planned.select("row", "kind", "conversion_id", "changes", is_done=pl.col("why").is_in(_DONE))
    there = requests_of(program.id, requests["order_token"])
    told = requests if to_raise else requests.join(there, on="order_token", how="semi", maintain_order="left")
    resolved = (
        requests.drop("kind", "conversion_id", "changes")
        .join(told.select("row", digest=_digests(told, lines, replaces)), on="row", how="left", maintain_order="left")
        .join(met, on="row", maintain_order="left")
        .select(*REQUESTED, "source", "digest", "is_done")
    )
    known, in_the_way = standing(program.id, resolved, there, replaces)
    faults = pl.concat(
        [
            structural,
            *_of_time(rules_of(program).period_days, rows, state, now),
            _unknown_customer_status(value, rows),
            _unknown_category(view, value, rows),
            _unknown_project(value, rows),
            _said(known, "", "raised_before", number="number"),
            in_the_way,
            _of_plan(planned, view),
        ]
    )
    # What was raised and done is there by now: that it was raised says why.
    faults = faults.filter(~pl.col("row").is_in(known["row"].implode()) | (pl.col("code") == "raised_before"))
    return Checked(
        faults.unique(maintain_order=True).sort("row", maintain_order=True),
        resolved,
        lines,
        planned.select(*PLANNED),
        known,
    )


def _filled(view: Viewpoint, value: Program, wanted: pl.DataFrame) -> pl.DataFrame:
    """The rows with what goes without saying: the only partner, the only event type, the program's currency."""
    partners = [one.code for one in value.partners] if view.partners is None else sorted(view.partners)
    types = [one.code for one in value.event_types]
    currency = pl.when(_CREATES).then(pl.lit(value.currency))
    return wanted.with_columns(
        number=pl.lit(None, pl.Int64),
        changes=pl.lit(None, pl.Int64),
        partner=pl.coalesce("partner", pl.lit(partners[0] if len(partners) == 1 else None, TEXT)),
        event_type=pl.coalesce("event_type", pl.lit(types[0] if len(types) == 1 else None, TEXT)),
        currency=pl.coalesce("currency", currency),
    )


def _named(view: Viewpoint, rows: pl.DataFrame, state: State) -> pl.DataFrame:
    """The rows with event type, order and partner of the conversions that they name by id, or by an order token alone,
    and with `order_is`: the order of the conversion that is named by its id."""
    of_id = state.conversions.select(conversion_id="id", type_of_id="event_type", order_is="order_token")
    once = state.conversions.filter(~pl.col("order_token").is_duplicated())
    of_order = once.select("order_token", type_of_order="event_type")
    named = (
        rows.join(of_id, on="conversion_id", how="left", maintain_order="left")
        .join(of_order, on="order_token", how="left", maintain_order="left")
        .with_columns(
            event_type=pl.coalesce("event_type", "type_of_id", pl.when(~_CREATES).then("type_of_order")),
            order_differs=pl.col("order_token") != pl.col("order_is"),
            order_token=pl.coalesce("order_token", "order_is"),
            currency=pl.coalesce("currency", _of_conversion(rows, state, "currency")),
        )
    )
    # A change is asked for whoever has the conversion, where the viewer may ask for them.
    is_known = pl.col("order_token").is_in(state.conversions["order_token"].implode())
    named = named.with_columns(credited=_of_conversion(named, state, "partner"), is_known=is_known)
    may_ask = pl.lit(True) if view.partners is None else pl.col("credited").is_in(sorted(view.partners))
    return named.with_columns(partner=pl.coalesce("partner", pl.when(~_CREATES & may_ask).then("credited")))


def _of_conversion(rows: pl.DataFrame, state: State, name: str) -> pl.Series:
    """A value of the conversions that the rows name; null where there is none."""
    if state.conversions.is_empty():
        return state.conversions[name].clear(len(rows))
    by_id = rows.select("conversion_id").join(
        state.conversions.select(conversion_id="id", found=name), on="conversion_id", how="left", maintain_order="left"
    )["found"]
    by_order = rows.select(*ORDER).join(
        state.conversions.select(*ORDER, found=name), on=list(ORDER), how="left", maintain_order="left"
    )["found"]
    return by_id.zip_with(by_id.is_not_null(), by_order)


def _said(rows: pl.DataFrame, column: str, code: str, /, **details: str) -> pl.DataFrame:
    """FOUND: a fault of this column in each of these rows. `details`: in which columns of the rows they stand."""
    if rows.is_empty():
        return pl.DataFrame(schema=dict(FOUND))
    texts = {name: json_text.text(pl.col(of).cast(pl.String)) for name, of in details.items()}
    return rows.select(
        "row",
        column=pl.lit(column),
        code=pl.lit(code),
        details=json_text.object_of(texts) if details else pl.lit(None, TEXT),
    ).cast(dict(FOUND))  # type: ignore[arg-type]


def _incomplete(view: Viewpoint, value: Program, rows: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """What keeps a row from being planned at all."""
    kinds = [Kind.CREATE.value, Kind.CHANGE.value]
    partners = [one.code for one in value.partners if view.may_read(one.code)]
    yield _said(rows.filter(~pl.col("kind").is_in(kinds).fill_null(False)), "kind", "unknown_kind")
    # Where there is no conversion that could say whose it is, that is told, and not that the partner is missing.
    says = ("partner", "event_type")
    unknown = ~_CREATES & ~pl.col("is_known").fill_null(True)
    yield _said(rows.filter(unknown & pl.any_horizontal(pl.col(says).is_null())), "order_token", "unknown_order")
    for name in _REQUIRED:
        needed = _CREATES if name in ("occurred_at", "turnover_minor") else ~unknown if name in says else pl.lit(True)
        yield _said(rows.filter(needed & pl.col(name).is_null()), name, "missing")
    for name, code, known in (
        ("partner", "unknown_partner", partners),
        ("event_type", "unknown_event_type", [one.code for one in value.event_types]),
        ("currency", "unknown_currency", list(decimals_by_currency())),
        ("status", "unknown_status", Status.values),
    ):
        yield _said(rows.filter(~pl.col(name).is_in(known)), name, code)
    yield _said(rows.filter("order_differs"), "order_token", "order_differs", order="order_is")
    yield _said(rows.filter(_CREATES & pl.col("new_order_token").is_not_null()), "new_order_token", "not_of_create")


def _malformed(rows: pl.DataFrame, items: pl.DataFrame) -> Iterator[pl.DataFrame]:
    longest = rows.select(pl.col(_TEXTS).str.len_chars().max()).row(0, named=True)
    for name in (name for name in _TEXTS if (longest[name] or 0) > MAX_TEXT):
        too_long = rows.filter(pl.col(name).str.len_chars() > MAX_TEXT).with_columns(most=pl.lit(MAX_TEXT))
        yield _said(too_long, name, "too_long", most="most")
    lines = items.join(rows.select("row", "kind"), on="row", maintain_order="left")
    right = (
        (pl.col("item_id").str.len_chars().is_between(1, MAX_TEXT))
        & pl.col("quantity").is_between(1, MAX_QUANTITY)
        & pl.col("turnover_minor").is_between(0, MAX_AMOUNT_MINOR)
        & ~pl.struct("row", "item_id").is_duplicated()
    )
    wrong = lines.filter(_CREATES & ~right.fill_null(False))
    yield _said(wrong.unique("row", maintain_order=True), "items", "item_wrong")
    sums = lines.filter(_CREATES).group_by("row", maintain_order=True).agg(sum=pl.col("turnover_minor").sum())
    differing = sums.join(rows.select("row", "turnover_minor", "currency"), on="row").filter(
        pl.col("sum") != pl.col("turnover_minor")
    )
    yield _said(_major(differing, "sum"), "turnover_minor", "sum_of_items", sum="sum")


def _major(rows: pl.DataFrame, name: str) -> pl.DataFrame:
    """The rows with an amount in major units of their currency, as text."""
    known = dict(decimals_by_currency())
    places = pl.col("currency").replace_strict(known, default=2, return_dtype=pl.Int64)
    digits = pl.col(name).cast(pl.String).str.zfill(places + 1)
    point = places.replace_strict({0: ""}, default=".", return_dtype=TEXT)
    text = pl.format("{}{}{} {}", digits.str.head(-places), point, digits.str.tail(places), "currency")
    return rows.with_columns(text.alias(name))


def _of_time(period_days: int, rows: pl.DataFrame, state: State, now: datetime) -> Iterator[pl.DataFrame]:
    yield _said(rows.filter(_CREATES & (pl.col("occurred_at") > now)), "occurred_at", "in_future")
    happened_at = pl.coalesce(_of_conversion(rows, state, "occurred_at"), "occurred_at")
    past = rows.filter(happened_at < now - timedelta(days=period_days)).with_columns(days=pl.lit(period_days))
    yield _said(past, "occurred_at", "outside_period", days="days")


def _unknown_customer_status(value: Program, rows: pl.DataFrame) -> pl.DataFrame:
    asked = rows.filter(pl.col("customer_status").is_not_null() & pl.col("event_type").is_not_null())
    mapped = map_customer_status(value, asked.with_columns(customer_status_word="customer_status"))
    unknown = ~mapped.select(is_mapped(value)).to_series().fill_null(True)
    return _said(asked.filter(unknown), "customer_status", "unknown_customer_status")


def _unknown_category(view: Viewpoint, value: Program, rows: pl.DataFrame) -> pl.DataFrame:
    """Categories that neither the terms name nor any of the latest conversions has, each with those that are known:
    partners are told of those of their own terms and conversions. A program that knows none at all takes any."""
    wanted = rows.filter(pl.col("category").is_not_null())
    if wanted.is_empty():
        return _said(wanted, "category", "unknown_category")
    query = sql.SQL("""
        select distinct category, partner from (
            select category, partner from conversions_conversion
            where program_id = {} order by occurred_at desc limit {}
        ) latest where category is not null
    """).format(view.program.id, LATEST_CONVERSIONS)
    of_conversions = copy_out(query, {"category": TEXT, "partner": TEXT})
    known = pl.Series([*_categories_of_terms(value.terms), *of_conversions["category"]], dtype=TEXT)
    if known.is_empty():
        return _said(wanted.clear(), "category", "unknown_category")
    same = pl.DataFrame({"known": known}).select(same_text(pl.col("known"))).to_series().unique()
    unknown = wanted.filter(~same_text(pl.col("category")).is_in(same.implode()))
    if view.partners is not None:
        theirs = of_conversions.filter(pl.col("partner").is_in(sorted(view.partners)))["category"]
        known = pl.Series([*_categories_of_terms(_terms_of(value, view.partners)), *theirs], dtype=TEXT)
    told = ", ".join(known.unique(maintain_order=True).head(KNOWN_NAMED)) or "–"
    named = unknown.with_columns(known=pl.lit(told))
    return _said(named, "category", "unknown_category", known="known")


def _unknown_project(value: Program, rows: pl.DataFrame) -> pl.DataFrame:
    """Projects are of one partner, or the advertiser's for all of them."""
    project, partner = pl.col("project"), pl.col("partner")
    known = pl.lit(False)
    for one in value.projects:
        theirs = pl.lit(True) if one.partner is None else partner == one.partner
        known |= (project == one.code) & theirs
    return _said(rows.filter(project.is_not_null() & partner.is_not_null() & ~known), "project", "unknown_project")


def _terms_of(value: Program, partners: Collection[str]) -> Sequence[Terms]:
    """The terms of the contracts of these partners."""
    periods = [period for contract in value.contracts if contract.partner in partners for period in contract.periods]
    theirs = {(period.terms, period.version) for period in periods}
    return [one for one in value.terms if (one.code, one.version) in theirs]


def _categories_of_terms(terms: Sequence[Terms]) -> Sequence[str]:
    payouts = [payout for one in terms for payout in one.payouts]
    whens = [part.when for payout in payouts for part in payout.groups]
    whens += [part.when for payout in payouts for part in payout.adjustments]
    whens += [part.when for payout in payouts for part in payout.restrictions]
    return sorted({text for when in whens for rule in when if rule.field == "category" for text in rule.values})


def _digests(requests: pl.DataFrame, items: pl.DataFrame, replaces: UUID | None) -> pl.Series:
    """Of everything that the rows ask for, so that the same is raised once."""
    left_out = ("row", "number", "conversion_id", "changes")
    lines = json_of_items(requests, items)
    asked = requests.select(
        json_text.object_of(
            {
                **{
                    name: json_text.text(
                        pl.col(name).dt.epoch("us").cast(pl.String) if dtype.is_temporal() else pl.col(name)
                    )
                    for name, dtype in REQUESTED.items()
                    if name not in left_out and requests[name].null_count() < len(requests)
                },
                "items": pl.lit(lines),
                "replaces": json_text.text(pl.lit(replaces and str(replaces), TEXT)),
            }
        )
    ).to_series()
    return pl.Series("digest", [sha256(text.encode()).hexdigest()[:32] for text in asked.to_list()], dtype=TEXT)


def json_of_items(requests: pl.DataFrame, items: pl.DataFrame) -> pl.Series:
    """For each request its items as JSON, by item id; null where it has none."""
    names = [name for name in WANTED_ITEMS if name != "row"]
    numbers = requests.select("row").with_row_index("number")
    lines = (
        items.join(numbers, on="row", maintain_order="left")
        .sort("number", "item_id")
        .select(
            "number",
            line=json_text.object_of(
                {
                    name: json_text.text(pl.col(name)) if WANTED_ITEMS[name] == TEXT else json_text.number(pl.col(name))
                    for name in names
                }
            ),
        )
    )
    if lines.is_empty():
        return pl.repeat(None, len(requests), dtype=TEXT, eager=True).alias("items")
    return json_text.arrays(lines, "number", "line", len(requests)).replace("[]", None).alias("items")


def requests_of(program_id: UUID, tokens: pl.Series) -> pl.DataFrame:
    """THERE: the requests for these orders."""
    query = sql.SQL("""
        select id, number, stage, partner, event_type, order_token, replace(digest::text, '-', ''), changes,
            (replaced_by is not null)::int
        from unnest({tokens}) wanted cross join lateral (
            select id, number, stage, partner, event_type, order_token, digest, changes, replaced_by
            from conversion_requests_request where program_id = {program_id} and order_token = wanted
        ) found
    """).format(tokens=text_array(tokens), program_id=sql.Literal(program_id))
    return copy_out(query, THERE)


def standing(
    program_id: UUID, requests: pl.DataFrame, there: pl.DataFrame, replaces: UUID | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows (REQUESTED with `digest` and `is_done`) that were raised before (KNOWN); and FOUND of those that are in the
    way of each other, or of a request that is still open, but for the one that they take the place of. `there`:
    `requests_of` their orders."""
    known = _raised_before(requests, there)
    return known, pl.concat(list(_of_others(program_id, requests, there, known, replaces)))


def _raised_before(requests: pl.DataFrame, there: pl.DataFrame) -> pl.DataFrame:
    """KNOWN: rows that say what a request that was not withdrawn says. Once that is decided and the
    conversion has changed since, the same is another request, if something comes of it."""
    last = (
        there.filter((pl.col("stage") != Stage.WITHDRAWN.value) | (pl.col("replaced") == 1))
        .sort("number", descending=True)
        .unique("digest", keep="first", maintain_order=True)
        .select("id", "number", "stage", "digest", changes_then="changes")
    )
    before = requests.select("row", "digest", "changes", "is_done").join(last, on="digest", maintain_order="left")
    same = pl.col("stage").is_in(_OPEN) | pl.col("changes").eq_missing(pl.col("changes_then")) | pl.col("is_done")
    return before.filter(same).select(*KNOWN)


def _of_others(
    program_id: UUID, requests: pl.DataFrame, there: pl.DataFrame, known: pl.DataFrame, replaces: UUID | None
) -> Iterator[pl.DataFrame]:
    new = requests.filter(~pl.col("row").is_in(known["row"].implode()))
    key = ["partner", *ORDER]
    yield _said(_several(new, key), "order_token", "named_twice", rows="rows")
    to_be = new.drop_nulls("new_order_token").with_columns(pl.col("new_order_token").alias("order_token"))
    if len(to_be):
        twice = _several(pl.concat([to_be, new.filter(_CREATES)]), ORDER)
        yield _said(twice.join(to_be, on="row", how="semi"), "new_order_token", "named_twice", rows="rows")
    others = there.filter(
        pl.col("stage").is_in(_OPEN) & pl.col("id").ne_missing(pl.lit(replaces and str(replaces), TEXT))
    )
    open_ = others.select(*key, found="number")
    yield _said(new.join(open_, on=key), "order_token", "open_request", number="found")
    if replaces is not None:
        old = Request.objects.get(program=program_id, id=replaces)
        yield _said(new.clear() if is_correctable(old) else new, "", "not_correctable")


def is_correctable(request: Request) -> bool:
    """Whether another request may take the place of this one: of an open one, to correct it; of one that was rejected,
    to ask again."""
    return request.stage in CORRECTABLE and request.replaced_by is None


def _several(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """The rows that have their key in common with others, with `rows`: the first of these."""
    several = rows.filter(pl.struct(key).is_duplicated())
    return several.with_columns(rows=pl.col("row").cast(TEXT).head(ROWS_NAMED).str.join(", ").over(key))


def _of_plan(planned: pl.DataFrame, view: Viewpoint) -> pl.DataFrame:
    """FOUND. In which currency somebody else's order is, a partner is not told: whoever decides sees it."""
    secret = (pl.col("kind") == Kind.CLAIM.value) & (pl.col("why") == "currency_differs")
    refused = planned.filter(pl.col("why").is_not_null() & (pl.lit(view.sees_everything) | ~secret))
    found = refused.select("row", column="field", code="why", details=pl.lit(None, TEXT))
    return found.cast(dict(FOUND))  # type: ignore[arg-type]
