"""The rows of an upload between the database and frames: written and read as blocks.

A frame of rows has ROW, a text for each place, `0`, `1`, …, as a sheet has, and KEPT.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl
from django.db import connection
from psycopg import sql

from accredit.database import json_text
from accredit.database.copy import copy_in, copy_out
from accredit.engine.frames import TEXT
from accredit.imports import sheets
from accredit.imports.checking import OF_CELL, WHOLE_ROW, Checked
from accredit.imports.declaring import TOGETHER, Format, Table
from accredit.imports.models import Upload
from accredit.imports.sheets import MARKS, ROW

KEPT: Mapping[str, pl.DataType] = {"marks": TEXT, "faults": TEXT, **TOGETHER, "state": TEXT}
"""What a row has beside its number and its cells; marks and faults are JSON."""


@dataclass(frozen=True, slots=True)
class Rows:
    """`rows` as they are corrected, and `read`: those of them that are corrected, as the file has them."""

    rows: pl.DataFrame
    read: pl.DataFrame

    @property
    def places(self) -> list[str]:
        return [name for name in self.read.columns if name != ROW]

    @property
    def corrected(self) -> pl.DataFrame:
        """ROW and `place` of the cells that differ from the file."""
        now = self.rows.filter(pl.col(ROW).is_in(self.read[ROW].implode())).select(ROW, *self.places)
        cells = now.unpivot(index=ROW, variable_name="place", value_name="now").join(
            self.read.unpivot(index=ROW, variable_name="place", value_name="read"), on=[ROW, "place"]
        )
        return cells.filter(pl.col("now").ne_missing(pl.col("read"))).select(ROW, "place")


def width(upload: Upload) -> int:
    """How many cells each row has."""
    return max([len(upload.names), *(int(place) + 1 for place in upload.places.values())])


def said(upload: Upload) -> Format:
    """What the user says of the file."""
    return Format(**upload.said)


def load(upload: Upload, where: sql.Composable) -> Rows:
    """The rows of an upload for which a condition holds, in their order."""
    places = {str(place): TEXT for place in range(width(upload))}

    def cells(name: str) -> sql.Composable:
        return sql.SQL(", ").join(sql.SQL("{}[{}]").format(sql.Identifier(name), int(place) + 1) for place in places)

    query = sql.SQL('select "row", {} from imports_row where upload_id = {} and ({}) order by "row"')
    kept = sql.SQL(", ").join([cells("cells"), *map(sql.Identifier, KEPT)])
    corrected = sql.SQL("originals is not null and ({})").format(where)
    key = sql.Literal(upload.id)
    return Rows(
        copy_out(query.format(kept, key, where), {ROW: pl.Int64(), **places, **KEPT}),
        copy_out(query.format(cells("originals"), key, corrected), {ROW: pl.Int64(), **places}),
    )


def texts(upload: Upload, table: Table, loaded: Rows) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Rows as `checking.texts_of` has them: a text for every declared column, and the marks of the cells that are as
    the file has them."""
    names = {str(place): name for name, place in upload.places.items()}
    # A column that was declared after the upload was kept has no place in it.
    cells = {
        one.name: pl.col(str(upload.places[one.name])) if one.name in upload.places else pl.lit(None, TEXT)
        for one in table.columns
    }
    named = loaded.rows.select(ROW, **cells)
    triples = pl.col("marks").str.json_decode(pl.List(pl.List(pl.String())))
    marks = loaded.rows.select(ROW, marks=triples).drop_nulls().explode("marks")
    parts = {name: pl.col("marks").list.get(place) for place, name in enumerate(("place", "mark", "detail"))}
    marks = marks.select(ROW, **parts).join(loaded.corrected, on=[ROW, "place"], how="anti")
    of_row = pl.col("mark") == sheets.FIELDS
    column = pl.col("place").replace_strict(names, default=None, return_dtype=TEXT)
    marks = marks.with_columns(column=pl.when(of_row).then(pl.lit(WHOLE_ROW)).otherwise(column))
    return named, marks.drop_nulls("column").select(*OF_CELL)


def add(upload: Upload, cells: pl.DataFrame, marks: pl.DataFrame, checked: Checked) -> None:
    """Write the rows of a file that was read: `cells` has ROW and a text for each place of the file, `marks` is MARKS.
    To the database, what is behind the end of an array is null."""
    rows = cells.select(ROW, cells=_array(cells.drop(ROW)))
    rows = rows.hstack(checked.together).join(_marks_json(marks), on=ROW, how="left", maintain_order="left")
    rows = rows.join(_faults_json(checked.faults), on=ROW, how="left", maintain_order="left")
    copy_in("imports_row", rows.select(pl.lit(str(upload.id)).alias("upload_id"), pl.all()))


def change(upload: Upload, loaded: Rows, checked: Checked) -> None:
    """Write rows that there are, as they are corrected and checked now."""
    rows = loaded.rows.select(ROW, cells=_array(loaded.rows.select(loaded.places))).hstack(checked.together)
    read = loaded.read.select(ROW, originals=_array(loaded.read.drop(ROW)))
    rows = rows.join(read, on=ROW, how="left", maintain_order="left")
    rows = rows.join(_faults_json(checked.faults), on=ROW, how="left", maintain_order="left")
    types = {"cells": "text[]", "originals": "text[]", "faults": "jsonb", **dict.fromkeys(TOGETHER, "text")}
    update(upload, rows, types)


def update(upload: Upload, changed: pl.DataFrame, types: Mapping[str, str]) -> None:
    """Set columns of rows to what a frame says, within the transaction that is open."""
    declared = [sql.SQL("{} {}").format(sql.Identifier(name), sql.SQL(kind)) for name, kind in types.items()]
    sets = [sql.SQL("{0} = changed.{0}").format(sql.Identifier(name)) for name in types]
    with connection.cursor() as cursor:
        cursor.execute("drop table if exists imports_changed")
        cursor.execute(
            sql.SQL('create temporary table imports_changed ("row" bigint primary key, {}) on commit drop').format(
                sql.SQL(", ").join(declared)
            )
        )
        copy_in("imports_changed", changed.select(ROW, *types))
        cursor.execute("analyze imports_changed")
        cursor.execute(
            sql.SQL(
                "update imports_row set {} from imports_changed changed"
                ' where imports_row.upload_id = {} and imports_row."row" = changed."row"'
            ).format(sql.SQL(", ").join(sets), sql.Literal(upload.id))
        )


def _array(cells: pl.DataFrame) -> pl.Series:
    """Cells of rows as arrays of PostgreSQL."""
    escaped = pl.all().str.replace_many(["\\", '"'], ["\\\\", '\\"'])
    quoted = cells.select((pl.lit('"') + escaped + pl.lit('"')).name.keep().fill_null("NULL"))
    return quoted.select("{" + pl.concat_str(pl.all(), separator=",") + "}").to_series()


def _faults_json(faults: pl.DataFrame) -> pl.DataFrame:
    """ROW and the faults of each row that has any."""
    parts = [json_text.text(pl.col("column")), json_text.word(pl.col("code")), pl.col("details").fill_null("{}")]
    return _by_row(faults, json_text.array(parts), "faults")


def _marks_json(marks: pl.DataFrame) -> pl.DataFrame:
    detail = pl.when(pl.col("mark") == sheets.NUMBER).then(pl.lit("")).otherwise("detail")
    parts = [json_text.word(pl.col("column")), json_text.word(pl.col("mark")), json_text.text(detail)]
    return _by_row(marks.select(*MARKS), json_text.array(parts), "marks")


def _by_row(frame: pl.DataFrame, json: pl.Expr, name: str) -> pl.DataFrame:
    listed = frame.select(ROW, json.alias(name)).group_by(ROW, maintain_order=True).agg(name)
    return listed.select(ROW, pl.format("[{}]", pl.col(name).list.join(",")).alias(name))
