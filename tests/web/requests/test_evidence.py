"""What Accredit knows about a request, in one sentence."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import transaction
from django.utils.translation import override

from accredit.conversion_requests import evidence
from accredit.conversion_requests.models import Request
from accredit.conversions.models import Conversion
from accredit.programs.models import Program
from accredit.tracking.archive import archive_day
from accredit.web.naming import Names
from accredit.web.requests.evidence import before_order, evidence_of
from tests.conversions.test_validating import CLICKS, ORDERS
from tests.factories.installing import clicks, install, load, orders
from tests.factories.requesting import raised, view_of
from tests.factories.tables import T

MORE = """
    click | at      | visitor | party | sub_id1
    k4    | T-2d    | v4      | barb  | two
    k5    | T-12min | v4      | barb  | two
    k6    | T-20d   | v4      | barb  | one
    k7    | T-5h    | v6      | ann   | -
"""
BARB, NEW = "Barb Dwyer", "no order of this number is known"
SAID = [
    ("change | barb | 1  | -     | one  ", f"{BARB} clicked once, 24 h before the order; {BARB} is credited."),
    (
        "change | barb | 9  | -     | one  ",
        f"{BARB} clicked 3 times, last 12 min before the order; {BARB} is credited.",
    ),
    ("create | barb | 10 | T     | one  ", f"{BARB} clicked once with these sub ids, 20 days before the order; {NEW}."),
    (
        "create | barb | 10 | T     | two  ",
        f"{BARB} clicked 2 times with these sub ids, last 12 min before the order; {NEW}.",
    ),
    (
        "create | barb | 10 | T     | three",
        f"{BARB} has no click with these sub ids within 30 days before the order; {NEW}.",
    ),
    (
        "create | ann  | 10 | T     | -    ",
        f"Ann Dover had 2 clicks in the day before, last 5 h before the order; whose they were, nothing tells; {NEW}.",
    ),
    (
        "create | barb | 10 | T-6h  | -    ",
        f"{BARB} had one click in the day before, 18 h before the order; whose it was, nothing tells; {NEW}.",
    ),
    ("create | barb | 10 | T-10d | -    ", f"{BARB} has no click within a day before the order; {NEW}."),
    (
        "create | barb | 5  | T     | one  ",
        f"{BARB} has no click in the journey; {BARB} clicked once with these sub ids, 20 days before the order;"
        " nobody is credited.",
    ),
    (
        "create | ann  | 4  | T     | -    ",
        "Ann Dover has no click in the journey; Ann Dover had 2 clicks in the day before, last 5 h before the order;"
        " whose they were, nothing tells; E-mail · channel is credited.",
    ),
]


@pytest.fixture
def program(db: None) -> Program:
    program = install()
    load(program, clicks(CLICKS), orders(ORDERS))
    load(program, clicks(MORE), orders("order | at | turnover | visitor\n 9 | T | 9.00 | v4"))
    return program


def said(program: Program, wish: str, *, language: str = "en") -> str:
    """The sentence of a new request (`kind | partner | order | at | sub_id1`), as owners read it."""
    with transaction.atomic():
        turnover = "50.00" if wish.startswith("create") else "7.00"
        raised(program, f"turnover | kind | partner | order | at | sub_id1\n {turnover} | {wish}")
        request = Request.objects.get()
        key = request.conversion_id
        conversion = None if key is None else Conversion.objects.get(id=key)
        with override(language):
            sentence = evidence_of(Names(view_of(program)), request, conversion).sentence
        transaction.set_rollback(True)
    return sentence


def test_each_sentence(program: Program) -> None:
    assert [(wish, said(program, wish)) for wish, _sentence in SAID] == SAID
    german = said(program, SAID[3][0], language="de")
    assert german == (
        "Barb Dwyer klickte 2-mal mit diesen Sub-IDs, zuletzt 12 Min. vor der Order; eine Order mit dieser Nummer ist"
        " nicht bekannt."
    )
    told = [before_order(minutes) for minutes in (0, 119, 120, 2_879, 2_880)]
    assert told == ["0 min", "119 min", "2 h", "47 h", "2 days"]


def test_what_was_not_looked_at_is_said(program: Program, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "ARCHIVE_FOLDER", tmp_path)
    many = "\n".join(f"m{n} | T-90d+{n}s | v9 | ann | -" for n in range(250))
    load(
        program,
        clicks(f"click | at | visitor | party | sub_id1\n{many}"),
        orders("order | at | turnover | visitor\n 12 | T | 9.00 | v9"),
    )
    of_journey = said(program, "create | barb | 12 | T | one")
    assert f"{BARB} has no click in the journey (of 50 older clicks of the journey it is not kept whose" in of_journey
    archive_day((T - timedelta(days=20)).date())
    found = said(program, "create | barb | 10 | T | two")
    assert "(the click log was searched from 10 Feb 2026 on; older clicks are in the archive)" in found
    archive_day(T.date())
    found = said(program, "create | barb | 10 | T | -")
    assert "(the clicks of that time are in the archive, which was not searched)" in found
    monkeypatch.setattr(evidence, "PATIENCE_MILLISECONDS", 20)
    slow = evidence._SEARCH.replace("order by", "and pg_sleep(1) is not null order by")
    monkeypatch.setattr(evidence, "_SEARCH", slow)
    found = said(program, "create | barb | 10 | T | two")
    assert found == f"{BARB} has too many clicks at that time to look through them; {NEW}."
