"""How long the database looks for what a page asks."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import OperationalError, connection, transaction
from psycopg.errors import QueryCanceled

PATIENCE_SECONDS, TOTALS_PATIENCE_SECONDS = 4, 20
"""For the rows of a page, and for its totals, which come after."""


class TakesTooLong(Exception):
    """No index serves what was asked for, and there is too much to look through."""


@contextmanager
def patient(seconds: int = PATIENCE_SECONDS) -> Iterator[None]:
    """Lets the database look for so long only; raises TakesTooLong then."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(f"set local statement_timeout = '{seconds}s'")
            yield
            cursor.execute("set local statement_timeout to default")
    except OperationalError as error:
        if isinstance(error.__cause__, QueryCanceled):
            raise TakesTooLong from error
        raise
