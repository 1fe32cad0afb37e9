"""What a request names is there when it is raised, and stays: the database sees to it, a statement at a time."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import psycopg
import pytest
from django.db import DatabaseError, connection, transaction

from accredit.programs.operations import ChangesRefused
from tests.factories.installing import SHOP, install
from tests.factories.requesting import raised

AGAIN = """
    insert into conversion_requests_request
    select (jsonb_populate_record(request, jsonb_build_object('id', gen_random_uuid(), 'number', 2, 'order_token', '2',
        'digest', gen_random_uuid()) || '{changed}')).* from conversion_requests_request request
"""
MOVED = """
    insert into conversion_requests_stagechange
    select (jsonb_populate_record(change, '{changed}')).* from conversion_requests_stagechange change
"""
NOBODY = "00000000-0000-4000-8000-000000000000"


def refused(statement: str) -> str | None:
    """The constraint by which the database refuses a statement; None where it does not."""
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    except DatabaseError as error:
        return str(error.__cause__.diag.constraint_name) if isinstance(error.__cause__, psycopg.Error) else ""
    return None


@pytest.mark.django_db
def test_what_a_request_names_is_there_and_stays(as_owner: Callable[[], AbstractContextManager[None]]) -> None:
    program = install()
    raised(program, "kind | partner | order | at | turnover\n create | barb | 10 | T | 10.00")
    with as_owner():
        assert refused(AGAIN.format(changed='{"partner": "nobody"}')) == "request_partner"
        assert refused(AGAIN.format(changed='{"event_type": "nothing"}')) == "request_event_type"
        assert refused(AGAIN.format(changed=f'{{"raised_by_id": "{NOBODY}"}}')) == "request_raised_by"
        assert refused(MOVED.format(changed=f'{{"request_id": "{NOBODY}"}}')) == "stage_change_request"
        assert refused(MOVED.format(changed=f'{{"number": 2, "user_id": "{NOBODY}"}}')) == "stage_change_user"
        assert refused("update programs_partner set code = 'bo' where code = 'barb'") == "request_partner"
        assert refused("update programs_eventtype set code = code || '2'") == "request_event_type"
        assert refused("delete from access_user") == "stage_change_user"
        assert refused("delete from conversion_requests_request") == "request_kept"
        assert refused("update conversion_requests_request set partner = 'ann'") == "request_kept"
        assert refused("update programs_partner set name = 'Barbara'") is None
    assert refused(AGAIN.format(changed='{"partner": "ann"}')) is None
    assert refused(MOVED.format(changed='{"number": 2}')) is None


@pytest.mark.django_db
def test_whoever_changes_the_program_is_told() -> None:
    program = install()
    raised(program, "kind | partner | order | at | turnover\n create | barb | 10 | T | 10.00")
    with pytest.raises(ChangesRefused, match="There are conversion requests of this partner: it stays"):
        install(SHOP.replace('"barb"', '"bea"'))
