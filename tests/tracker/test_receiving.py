"""Conversions that come in: what is answered, and what is in the database then."""

from typing import Any

from django.db import connection

from tests.tracker.conftest import Client

ORDER = {"order_token": "A-1", "occurred_at": "2026-03-01T12:00:00Z", "turnover": "12.50"}


def events(columns: str = "order_token, outcome", program: str = "anvils") -> list[tuple[Any, ...]]:
    """Events and what waits for the worker, in the order in which they came."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"select {columns} from tracking_conversion_event event left join tracking_pending pending"
            " using (id, program_id, event_type, order_token, received_at, signed)"
            " where program_id = any(select id from programs_program where code = %s) order by id",
            [program],
        )
        return cursor.fetchall()


def test_an_order_is_recorded_once(client: Client) -> None:
    first = client.post("/t/anvils/sale", ORDER)
    assert (first.status, first.json["outcome"]) == (201, "recorded")
    again = client.post("/t/anvils/sale", {**ORDER, "turnover": 12.50})
    assert (again.status, again.json["outcome"]) == (200, "known")
    assert "nothing is changed" in again.json["message"]
    other = client.post("/t/anvils/sale", {**ORDER, "turnover": "12.51"})
    assert (other.status, other.json["outcome"]) == (409, "conflict")
    assert events() == [("A-1", "recorded"), ("A-1", "conflict")]
    as_lead = client.post("/t/anvils/lead", ORDER)
    assert as_lead.status == 201
