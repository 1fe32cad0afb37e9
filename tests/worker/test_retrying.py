"""What is held is released by command, once the set-up has what it lacked."""

import pytest
from django.db import connection

from accredit.conversions.booking import Booked
from accredit.conversions.models import Conversion
from accredit.conversions.retrying import retry
from accredit.database.keys import key_of_unknown_program
from accredit.files import parse_program, write_program
from accredit.programs.queries import UnknownProgram, program_value
from accredit.tracking import pending
from tests.factories.arriving import arrive, queue
from tests.factories.installing import SHOP, clicks, install, load, orders
from tests.worker.test_booking import book_all

pytestmark = pytest.mark.django_db
PLACED = """
    order | at | turnover | visitor | customer_id
    1     | T  | 10.00    | v1      | c1
    2     | T  | 20.00    | -       | -
"""


def test_what_came_for_a_program_before_it_was_there_is_booked_once_it_is() -> None:
    unknown = key_of_unknown_program("anvils")
    arrive(unknown, "anvils", orders(PLACED), signed=False)
    assert book_all() == Booked(held=2)
    assert queue() == [("anvils", "unknown_program", 2)]
    program = install()
    load(program, clicks("click | at | visitor | party\n k | T-1d | v1 | barb"))
    load(
        program, orders=orders("order | at | turnover\n 2 | T | 22.00")
    )  # came in a file meanwhile, with other content
    assert retry() == {"anvils": 2}
    assert book_all() == Booked(1)
    booked = Conversion.objects.order_by("order_token").values_list("order_token", "partner", "customer_id", "signed")
    assert [*booked] == [("1", "barb", "c1", False), ("2", None, None, None)]
    with connection.cursor() as cursor:
        cursor.execute(
            "select program_id = %s, order_token, outcome from tracking_conversion_event order by 1, 2, 3", [program.id]
        )
        assert cursor.fetchall() == [
            (False, "1", "recorded"), (False, "2", "recorded"),
            (True, "1", "recorded"), (True, "2", "conflict"), (True, "2", "recorded"),
        ]  # fmt: skip
    assert (retry(), queue()) == ({}, [])


def test_an_event_type_that_was_unknown_is_booked_once_the_program_has_it() -> None:
    program = install()
    arrive(program.id, "anvils", orders(PLACED, "trade-in"))
    assert book_all() == Booked(held=2)
    assert retry("anvils", pending.FAILED) == {}
    assert retry("anvils") == {"anvils": 2}
    assert book_all() == Booked(held=2)
    install(SHOP.replace('code = "lead"', 'code = "lead"\n[[event_type]]\ncode = "trade-in"'))
    assert retry("anvils", pending.UNKNOWN_EVENT_TYPE) == {"anvils": 2}
    assert book_all() == Booked(2)
    assert Conversion.objects.filter(event_type="trade-in").count() == 2


SIGNING = SHOP.replace("retention_days = 500", "retention_days = 500\nhold_unsigned = true")


def test_what_is_not_signed_waits_where_the_program_wants_it_until_it_is_signed_or_let_in() -> None:
    program = install(SIGNING)
    table = "order | at | turnover\n {} | T | 10.00"
    for token, signed in (("1", True), ("2", False), ("3", False), ("4", False)):
        arrive(program.id, "anvils", orders(table.format(token)), signed=signed)
    load(program, orders=orders(table.format("5")))  # a file is nobody's guess
    assert book_all() == Booked(1, 3)
    assert {row.reason for row in pending.held()} == {"unsigned"}
    arrive(program.id, "anvils", orders(table.format("2")), signed=True)
    assert book_all() == Booked(1)
    assert retry("anvils") == {}  # nobody named them
    assert retry("anvils", pending.UNSIGNED, ["3"]) == {"anvils": 1}
    assert book_all() == Booked(1)
    assert pending.discard("anvils", pending.UNSIGNED, ["1", "4"]) == 1
    booked = Conversion.objects.order_by("order_token").values_list("order_token", "signed")
    assert [*booked] == [("1", True), ("2", True), ("3", False), ("5", None)]
    assert parse_program("exported.toml", write_program(program_value(program.id)).encode()).tracking.hold_unsigned


def test_nothing_is_released_of_a_program_that_is_not_there() -> None:
    with pytest.raises(UnknownProgram):
        retry("hammers")
