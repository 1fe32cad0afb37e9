"""Conversion requests from a table that somebody uploads: its declaration, what its rows ask for, and raising them.

A row is checked by the very function that checks a request by hand (`checking.check`); what is raised is told to the
import in the same transaction, so that nothing is raised twice, whoever presses twice or dies in between.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from uuid import UUID
from zoneinfo import ZoneInfo

import polars as pl
from django.db import transaction
from psycopg import sql

from accredit.access.models import User
from accredit.conversion_requests.checking import Checked, check
from accredit.conversion_requests.discussing import Side
from accredit.conversion_requests.frames import WANTED, WANTED_ITEMS
from accredit.conversion_requests.import_columns import CREATES, KIND, columns_of, known_of
from accredit.conversion_requests.import_items import items_of
from accredit.conversion_requests.import_words import FAULTS
from accredit.conversion_requests.models import Comment
from accredit.conversion_requests.raising import Raised, RequestsRefused, raise_requests
from accredit.conversions.file_validating import source_of
from accredit.conversions.history import Actor
from accredit.conversions.models import Way
from accredit.database.copy import copy_out, text_array
from accredit.engine.frames import TEXT
from accredit.files.values import decimals_of, minor
from accredit.imports import rows as rows_kept
from accredit.imports.checking import found
from accredit.imports.declaring import AS_READ, FOUND, AnyOf, Check, Format, Table, Together
from accredit.imports.headings import folded
from accredit.imports.models import Upload
from accredit.imports.operations import check_again, settle
from accredit.imports.queries import View, count
from accredit.imports.queries import values as values_of
from accredit.programs.visibility import Viewpoint

UPLOAD = "request_import"
MOST_ROWS = 200_000
RAISED, KNOWN = "raised", "known"
"""States of rows: a request was raised of it, or the same one was there before."""
READY = View(faulty=False, undone=True)
"""Rows of which a request can be raised."""
CELLS = {"turnover_minor": "turnover", "claimed_minor": "commission", "conversion_id": "conversion"}
"""Columns of WANTED → those of the table, where they differ."""


def table_of(view: Viewpoint, *, now: datetime, said: Format = AS_READ) -> Table:
    """The table of a program as somebody may fill it in; its closed lists are read, a query each. `said`: how amounts
    within items are written."""

    def by_hand(values: pl.DataFrame) -> pl.DataFrame:
        wanted, items = wanted_of(values, view, said)
        return _of_cells(check(view, wanted, items, now=now), values)

    return Table(
        columns=columns_of(known_of(view)),
        zone=ZoneInfo(view.program.timezone),
        currency=view.program.currency,
        any_of=(AnyOf(("order_token", "conversion")),),
        checks=(_is_of_program(view), _items_are_right(view, said), by_hand),
        together=Together(("order_token", "conversion", "new_order_token"), partial(_orders_of, view.program.id)),
        words=FAULTS,
        most_rows=MOST_ROWS,
    )


def _of_cells(checked: Checked, values: pl.DataFrame) -> pl.DataFrame:
    """What is wrong with requests as faults of the cells that they stand in. That a cell is empty the table has found
    by itself; where a row names a conversion that is unknown, that is all that is told."""
    row, column, code = pl.col("row"), pl.col("column"), pl.col("code")
    creates = values.filter(CREATES)["row"]
    tokenless = values.filter(pl.col("order_token").is_null())
    by_id = tokenless.drop_nulls("conversion")["row"]
    is_missing = code == "missing"
    unknown = is_missing & (column == "order_token") & row.is_in(by_id.implode())
    told = is_missing & (row.is_in(creates.implode()) | row.is_in(tokenless["row"].implode()))
    faults = checked.faults.filter(unknown | ~told)
    faults = faults.with_columns(
        column=pl.when(unknown).then(pl.lit("conversion")).otherwise(column.replace(CELLS)),
        code=pl.when(unknown).then(pl.lit("unknown_order")).otherwise(code),
    )
    return faults.select(*FOUND)


def _orders_of(program_id: UUID, values: pl.DataFrame) -> pl.DataFrame:
    """TOGETHER: the order that a row is about, by whatever it names it, and the one that it is to become."""
    ids = values.filter(pl.col("order_token").is_null())["conversion"].drop_nulls()
    order = pl.col("order_token")
    if len(ids):
        query = sql.SQL(
            "select id, order_token from conversions_conversion where program_id = {} and id = any({}::uuid[])"
        )
        known = copy_out(query.format(program_id, text_array(ids)), {"id": TEXT, "order_token": TEXT})
        named = pl.col("conversion").replace_strict(known["id"], known["order_token"], default=pl.col("conversion"))
        order = pl.coalesce(order, named)
    return values.select(together=order, also="new_order_token")


def _is_of_program(view: Viewpoint) -> Check:
    own = {folded(view.program.code), folded(view.program.name)}

    def look(values: pl.DataFrame) -> pl.DataFrame:
        others = [text for text in values["program"].drop_nulls().unique() if folded(text) not in own]
        details = {"program": pl.lit(view.program.name)}
        return found(values, "program", "other_program", pl.col("program").is_in(others), details)

    return look


def _items_are_right(view: Viewpoint, said: Format) -> Check:
    def look(values: pl.DataFrame) -> pl.DataFrame:
        read = items_of(_with_currency(values, view).select("row", "items", "currency"), said.decimals)
        wrong = read.filter("wrong").group_by("row").agg(pl.col("text").first())
        rows = values.select("row").join(wrong, on="row", how="left", maintain_order="left")
        return found(rows, "items", "items_wrong", pl.col("text").is_not_null(), details={"text": pl.col("text")})

    return look


def _with_currency(values: pl.DataFrame, view: Viewpoint) -> pl.DataFrame:
    """Amounts without a currency are of the program's, said aloud: a conversion may have another one."""
    amounts = pl.any_horizontal(pl.col("turnover", "commission", "items").is_not_null())
    own = pl.when(amounts).then(pl.lit(view.program.currency))
    return values.with_columns(currency=pl.coalesce("currency", own))


def wanted_of(
    values: pl.DataFrame, view: Viewpoint, said: Format = AS_READ, *, file_name: str = ""
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """What rows of values ask for (WANTED), and their items (WANTED_ITEMS)."""
    filled = _with_currency(values, view)
    places = decimals_of(pl.col("currency"))
    source = source_of(file_name) if file_name else pl.lit(None, TEXT)
    wanted = filled.with_columns(
        kind=KIND,
        conversion_id="conversion",
        turnover_minor=minor(pl.col("turnover"), places),
        claimed_minor=minor(pl.col("commission"), places),
        source=source,
    )
    items = items_of(filled.select("row", "items", "currency"), said.decimals).filter(~pl.col("wrong"))
    return wanted.select(pl.col(name).cast(dtype) for name, dtype in WANTED.items()), items.select(*WANTED_ITEMS)


@dataclass(frozen=True, slots=True)
class Came:
    """What came of raising: the numbers of requests that are new, and of those that were there before. `wrong`: how
    many rows have become wrong since they were checked; then nothing was raised."""

    new: Sequence[int] = ()
    known: Sequence[int] = ()
    wrong: int = 0


def preview(kept: Upload, view: Viewpoint, *, now: datetime) -> Checked:
    """What would be raised of the faultless rows of an import."""
    said = rows_kept.said(kept)
    wanted, items = wanted_of(_faultless(kept, table_of(view, now=now, said=said)), view, said)
    return check(view, wanted, items, now=now)


def raise_faultless(kept: Upload, view: Viewpoint, user: User, *, now: datetime) -> Came:
    """Raise the faultless rows of an import of which nothing was raised yet: all of them or, where one has become
    wrong, none. Who presses twice raises nothing more."""
    with transaction.atomic():
        held = Upload.objects.select_for_update().get(id=kept.id)
        said = rows_kept.said(held)
        table = table_of(view, now=now, said=said)
        rows = _faultless(held, table)
        if rows.is_empty():
            return Came()
        wanted, items = wanted_of(rows, view, said, file_name=held.file_name)
        actor = Actor(Way.FILE, user.id)
        try:
            raised = raise_requests(view, wanted, items, actor=actor, now=now)
        except RequestsRefused as refused:
            check_again(held, table, said=said)
            return Came(wrong=refused.faults["row"].n_unique())
        _comment(view, raised, rows, user, now)
        _settle(held, raised)
    return Came(raised.new["number"].to_list(), raised.known["number"].to_list())


def _faultless(kept: Upload, table: Table) -> pl.DataFrame:
    return values_of(kept, table, READY)


def _comment(view: Viewpoint, raised: Raised, rows: pl.DataFrame, user: User, now: datetime) -> None:
    """Keep what the file says beside new requests."""
    said = raised.new.join(rows.select("row", "comment"), on="row").drop_nulls("comment")
    if said.is_empty():
        return
    side = Side.of(view).value
    program = view.program.id
    ids = said["id"].to_list()
    Comment.objects.bulk_create(
        (
            Comment(program_id=program, request_id=id, user=user, side=side, text=text, written_at=now)
            for id, text in zip(ids, said["comment"].to_list(), strict=True)
        ),
        batch_size=5_000,
    )


def _settle(held: Upload, raised: Raised) -> None:
    """Tell the import what became of its rows."""
    parts = {RAISED: raised.new, KNOWN: raised.known}
    note = pl.col("number").cast(pl.String)
    settle(held, pl.concat(part.select("row", state=pl.lit(state), note=note) for state, part in parts.items()))


def ready(kept: Upload) -> int:
    """How many rows are faultless, and nothing was raised of them yet."""
    return count(kept, READY)
