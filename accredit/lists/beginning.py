"""Texts that begin with something, as a condition of the database."""

import sys
from typing import Any

from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.lookups import StartsWith
from django.db.models.sql.compiler import SQLCompiler

_SURROGATES = range(0xD800, 0xE000)


class Begins(StartsWith):
    """`Begins(F(field), text)`: as `startswith`. Columns that are ordered by code points are asked for a range, and how
    many are in it PostgreSQL guesses well. It takes `LIKE` for one in ten thousand, and sorts all that it finds."""

    def as_sql(self, compiler: SQLCompiler, connection: BaseDatabaseWrapper) -> tuple[str, Any]:
        if getattr(self.lhs.output_field, "db_collation", None) != "C":
            return super().as_sql(compiler, connection)
        column, parameters = self.process_lhs(compiler, connection)
        beyond = next_text(self.rhs)
        if beyond is None:
            return f"{column} >= %s", [*parameters, self.rhs]
        return f"({column} >= %s AND {column} < %s)", [*parameters, self.rhs, *parameters, beyond]


def next_text(beginning: str) -> str | None:
    """The first text, by code points, behind all that begin like this; None: there is none."""
    most = chr(sys.maxunicode)
    kept = beginning.rstrip(most)
    if not kept:
        return None
    following = ord(kept[-1]) + 1
    return kept[:-1] + chr(_SURROGATES.stop if following in _SURROGATES else following)
