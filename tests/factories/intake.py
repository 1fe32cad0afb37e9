"""Orders as the tracker takes them: into the database's own function, and into the queue."""

import json
from datetime import datetime
from hashlib import md5
from typing import Any
from uuid import UUID

from django.db import connection, transaction

from accredit.database.keys import uuid7
from accredit.programs.models import Program
from accredit.tracking.operations import make_partitions


def send(program: Program, token: str, *, at: datetime, source: str, signed: bool, **fields: Any) -> None:
    """One order, as the tracker gives it to the database."""
    received = {"event_type": "sale", "order_token": token, "currency": "USD", "turnover_minor": 100, **fields}
    text = json.dumps(received)
    make_partitions("tracking_conversion_event", [at.date()])
    with transaction.atomic(), connection.cursor() as cursor:  # with which the table of what comes in is emptied
        cursor.execute("select tracking_make_incoming()")
        cursor.execute(
            "insert into tracking_incoming (id, program_id, program, event_type, order_token, received_at, source,"
            " signed, digest, received) values (%s, %s, %s, 'sale', %s, %s, %s, %s, %s, %s)",
            [uuid7(), program.id, program.code, token, at, source, signed, UUID(md5(text.encode()).hexdigest()), text],
        )
        cursor.execute("select count(*) from tracking_receive(true)")
        cursor.execute("delete from tracking_incoming")


def hold(
    program_id: UUID,
    event_type: str,
    token: str,
    *,
    reason: str | None,
    at: datetime,
    signed: bool = False,
    code: str = "anvils",
) -> None:
    """One order in the queue, held for this reason; None: it waits for the worker."""
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into tracking_pending (id, program_id, program, event_type, order_token, received_at, signed,"
            " received, reason) values (%s, %s, %s, %s, %s, %s, %s, '{}', %s)",
            [uuid7(), program_id, code, event_type, token, at, signed, reason],
        )
