"""The queue has no model, so that nobody empties it between tests but these."""

import pytest
from django.db import connection


@pytest.fixture(autouse=True)
def _empty_queue(db: None) -> None:
    """Nothing of another test waits."""
    with connection.cursor() as cursor:
        cursor.execute("delete from tracking_pending")
