"""The demo has conversion requests of every kind and at every stage."""

from collections import Counter
from datetime import UTC, datetime

import pytest

from accredit.access.models import User
from accredit.conversion_requests.models import Kind, Request, Stage
from accredit.conversions.checking import check_ledger
from accredit.conversions.operations import load_frames
from accredit.demo.generate import generate_lines
from accredit.demo.input import PROGRAM_CODE
from accredit.demo.journeys import add_journeys
from accredit.demo.operations import ANSWERS, ASKS, CASHBACK, ensure_demo
from accredit.demo.orders import orders_of
from accredit.demo.requests import add_requests
from accredit.programs.models import Program
from tests.demo.test_operations import INVOICES

NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.django_db
def test_a_cashback_partner_asks_for_all_kinds_of_things() -> None:
    ensure_demo(INVOICES, now=NOW)
    assert not Request.objects.exists()  # of two orders there is nothing to ask
    program = Program.objects.get(code=PROGRAM_CODE)
    orders = orders_of(generate_lines(invoices=450))
    conversions, clicks = add_journeys(orders.conversions)
    load_frames(program.id, clicks, conversions, orders.items, now=NOW)
    asks, answers = (User.objects.get(email=person.email) for person in (ASKS, ANSWERS))
    for _ in range(2):
        add_requests(program, partner=CASHBACK, asks=asks, answers=answers, now=NOW)

    requests = Request.objects.filter(program=program)
    assert Counter(requests.values_list("kind", flat=True)).keys() == set(Kind)
    stages = Counter(requests.values_list("stage", flat=True))
    assert stages == {
        Stage.INQUIRED: 20, Stage.PROCESSED: 6, Stage.REJECTED: 2, Stage.WITHDRAWN: 1, Stage.FAILED: 1
    }  # fmt: skip
    assert check_ledger(program).is_empty()
