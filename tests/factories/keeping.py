"""Rows that many tests begin with: made once in a process, kept in the form of COPY, and copied in from then on."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from graphlib import TopologicalSorter
from typing import Any, TypeVar

from django.db import connection, transaction
from psycopg import sql

from accredit.tracking.operations import make_partitions

Made = TypeVar("Made")
TABLES = """
    select relname, array_agg(attname order by attnum)
    from pg_class join pg_attribute on attrelid = pg_class.oid
    where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and not relispartition
        and attnum > 0 and not attisdropped and attgenerated = ''
        and has_table_privilege(pg_class.oid, 'select') and has_table_privilege(pg_class.oid, 'insert')
    group by relname
"""
"""What the application may not write, the database keeps by itself."""
REFERENCES = """
    select conrelid::regclass::text, confrelid::regclass::text from pg_constraint
    where contype = 'f' and conparentid = 0 and conrelid <> confrelid
"""
PARTITIONS = """
    select inhparent::regclass::text, array_agg(right(relname, 8)::date)
    from pg_inherits join pg_class on inhrelid = pg_class.oid
    where relkind = 'r' group by inhparent
"""


@dataclass(frozen=True, slots=True)
class Rows:
    """What each table holds, those that are referred to first, and the days of which logs have partitions."""

    tables: Sequence[tuple[sql.Composed, bytes]]
    """Table with its columns → rows."""
    days: Sequence[tuple[Any, Sequence[date]]]

    def copy_in(self) -> None:
        """Add them to the database, with the keys they have."""
        self.make_partitions()
        with connection.cursor() as cursor:
            for table, rows in self.tables:
                with cursor.copy(sql.SQL("copy {} from stdin (format binary)").format(table)) as copy:
                    copy.write(rows)

    def make_partitions(self) -> None:
        for table, days in self.days:
            make_partitions(table, days)


def made(make: Callable[[], Made]) -> tuple[Made, Rows]:
    """What `make` returns, and the rows that it adds to tables that are empty. Nothing of it stays but partitions, slow
    to make: it works in a transaction of another connection, beside what the test that is first has done."""

    def aside() -> tuple[Made, Rows]:
        try:
            with transaction.atomic():
                columns = dict(_select(TABLES))
                before = _filled(columns)
                returned = make()
                rows = _rows(columns, _filled(columns) - before)
                transaction.set_rollback(True)
            rows.make_partitions()
            return returned, rows
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as thread:
        return thread.submit(aside).result()


def _select(query: str | sql.Composed) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


def _filled(columns: dict[str, list[str]]) -> set[str]:
    questions = [sql.SQL("exists (select from {})").format(sql.Identifier(name)) for name in columns]
    [answers] = _select(sql.SQL("select {}").format(sql.SQL(", ").join(questions)))
    return {name for name, filled in zip(columns, answers, strict=True) if filled}


def _rows(columns: dict[str, list[str]], filled: set[str]) -> Rows:
    order = TopologicalSorter({name: set() for name in filled})
    for name, referred in _select(REFERENCES):
        if {name, referred} <= filled:
            order.add(name, referred)
    tables = []
    with connection.cursor() as cursor:
        for name in order.static_order():
            table, names = sql.Identifier(name), sql.SQL(", ").join(map(sql.Identifier, columns[name]))
            query = sql.SQL("copy (select {} from {}) to stdout (format binary)").format(names, table)
            with cursor.copy(query) as copy:
                tables.append((sql.SQL("{} ({})").format(table, names), b"".join(copy)))
    return Rows(tables, _select(PARTITIONS))
