"""What is held is released by command, once the set-up has what it lacked."""

import pytest
from django.db import connection

from accredit.conversions.booking import Booked
from accredit.conversions.intake import conflicts_of
from accredit.conversions.models import Conversion
from accredit.conversions.retrying import retry
from accredit.database.keys import key_of_unknown_program
from accredit.files import parse_program, write_program
from accredit.programs.queries import UnknownProgram, program_value
from accredit.tracking import pending
from tests.factories.arriving import arrive, queue
from tests.factories.installing import NOW, SHOP, clicks, install, load, orders
from tests.factories.tables import table
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
    row = "order | at | turnover\n {} | T | 10.00"
    for token, signed in (("1", True), ("2", False), ("3", False), ("4", False)):
        arrive(program.id, "anvils", orders(row.format(token)), signed=signed)
    load(program, orders=orders(row.format("5")))  # a file is nobody's guess
    assert queue() == [("anvils", "unsigned", 3), ("anvils", None, 1)]  # from the moment in which they come
    assert book_all() == Booked(1)
    arrive(program.id, "anvils", orders(row.format("2")), signed=True)
    assert book_all() == Booked(1)
    assert retry("anvils") == {}  # nobody named them
    assert retry("anvils", pending.UNSIGNED, ["3"]) == {"anvils": 1}
    assert book_all() == Booked(1)
    assert pending.discard("anvils", pending.UNSIGNED, ["1", "4"]) == 1
    assert (queue(), pending.held()) == ([], [])
    arrive(program.id, "anvils", orders(row.format("4")), signed=False)
    assert (retry("anvils", pending.UNSIGNED), queue()) == ({}, [])  # it is gone for good
    arrive(program.id, "anvils", orders(row.format("4")), signed=True)
    assert book_all() == Booked(1)  # but for the shop itself
    booked = Conversion.objects.order_by("order_token").values_list("order_token", "signed")
    assert [*booked] == [("1", True), ("2", True), ("3", False), ("4", True), ("5", None)]
    assert parse_program("exported.toml", write_program(program_value(program.id)).encode()).tracking.hold_unsigned


HOLDING, TRUSTING = SIGNING.replace('code = "anvils"', 'code = "hammers"'), SHOP
REPORTS = """
    program | first    | naming   | second   | saying    | order       | signed
    anvils  | unsigned | v1 k1 -  | signed   | v2 - -    | v2 - -      | yes
    anvils  | unsigned | v1 k1 c1 | signed   | - k2 c2   | - k2 c2     | yes
    anvils  | unsigned | v1 k1 -  | signed   | - - c2    | v1 k1 c2    | yes
    anvils  | unsigned | v1 - c1  | unsigned | v2 k2 c2  | v1 k2 c1    | no
    anvils  | signed   | v1 - -   | unsigned | v2 k2 c2  | v1 - -      | yes
    anvils  | signed   | - - c1   | unsigned | v2 k2 c2  | v2 k2 c1    | yes
    anvils  | signed   | v1 - -   | signed   | v2 k2 -   | v1 k2 -     | yes
    anvils  | unsigned | v1 k1 -  | file     | v2 - -    | v2 - -      | no
    hammers | unsigned | v1 k1 c1 | signed   | v2 - -    | v2 - -      | yes
    hammers | unsigned | v1 k1 c1 | signed   | - - -     | - - -       | yes
    hammers | signed   | - - c1   | unsigned | v2 k2 c2  | - - c1      | yes
    hammers | unsigned | v1 k1 c1 | file     | v2 - c2   | v2 - c2     | no
    hammers | unsigned | v1 k1 c1 | file     | - - -     | - - -       | no
"""
"""Two reports that say the same; visitor, click and customer that they name, and that the order names then. The program
`hammers` holds what is not signed."""


def test_who_ordered_is_said_by_whoever_is_vouched_for() -> None:
    programs = {"anvils": install(TRUSTING), "hammers": install(HOLDING)}
    for number, row in enumerate(table(REPORTS)):
        for way, names in ((row["first"], row["naming"]), (row["second"], row["saying"])):
            cells = " | ".join([str(number), "T", "1.00", *names.split()])
            order = orders(f"order | at | turnover | visitor | click | customer_id\n {cells}")
            if way == "file":
                load(programs[row["program"]], orders=order)
            else:
                arrive(programs[row["program"]].id, row["program"], order, signed=way == "signed")
    with connection.cursor() as cursor:
        cursor.execute(
            "select concat_ws(' ', coalesce(visitor_id, '-'), coalesce(click_id, '-'), coalesce(customer_id, '-')),"
            " case when signed then 'yes' else 'no' end, reason from tracking_pending order by order_token::integer"
        )
        assert cursor.fetchall() == [(row["order"], row["signed"], None) for row in table(REPORTS)]


def turnovers() -> list[tuple[object, ...]]:
    rows = Conversion.objects.order_by("order_token").values_list(
        "order_token", "turnover_minor", "visitor_id", "signed"
    )
    return [*rows]


def test_an_order_that_nobody_signed_gives_way_to_other_content_of_one_that_is_vouched_for() -> None:
    program = install(SIGNING)
    made_up = orders("order | at | turnover | visitor\n 1 | T | 0.01 | v1\n 2 | T | 0.01 | v1\n 3 | T | 0.01 | v1")
    arrive(program.id, "anvils", made_up, signed=False)
    pending.discard("anvils", pending.UNSIGNED, ["2"])
    true = orders("order | at | turnover\n 1 | T | 90.00\n 2 | T | 90.00")
    arrive(program.id, "anvils", true, signed=True)
    loaded = load(program, orders=orders("order | at | turnover\n 3 | T | 90.00"))
    assert (loaded.new_conversions, len(loaded.conflicting_orders)) == (1, 0)
    arrive(program.id, "anvils", true, signed=True)
    arrive(program.id, "anvils", made_up, signed=False)
    other = orders("order | at | turnover\n 1 | T | 70.00")
    arrive(program.id, "anvils", other, signed=True)  # what is signed gives way to nothing
    assert book_all() == Booked(2)
    assert turnovers() == [("1", 9000, None, True), ("2", 9000, None, True), ("3", 9000, None, None)]
    assert queue() == []
    found = [
        (one.order_token, one.source, one.signed, [(d.field, d.recorded, d.came) for d in one.differences])
        for one in conflicts_of(program, since=NOW)
    ]
    assert sorted(found, key=str) == [
        ("1", "post", False, [("turnover_minor", 9000, 1)]),
        ("1", "post", True, [("turnover_minor", 9000, 7000)]),
        ("2", "post", False, [("turnover_minor", 9000, 1)]),
        ("3", "post", False, [("turnover_minor", 9000, 1)]),
    ]


def test_what_is_booked_gives_way_to_nothing() -> None:
    program = install()
    arrive(program.id, "anvils", orders("order | at | turnover\n 1 | T | 0.01"), signed=False)
    assert book_all() == Booked(1)
    arrive(program.id, "anvils", orders("order | at | turnover\n 1 | T | 90.00"), signed=True)
    assert (book_all(), turnovers()) == (Booked(), [("1", 1, None, False)])
    [conflict] = conflicts_of(program, since=NOW)
    assert (conflict.signed, conflict.differences[0].came) == (True, 9000)


def test_nothing_is_released_of_a_program_that_is_not_there() -> None:
    with pytest.raises(UnknownProgram):
        retry("hammers")
