"""What Accredit knows about a request, in one sentence."""

from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
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
    ("create | barb | 20 | T     | one  ", f"{BARB} clicked once with these sub ids, 20 days before the order; {NEW}."),
    (
        "create | barb | 21 | T     | two  ",
        f"{BARB} clicked 2 times with these sub ids, last 12 min before the order; {NEW}.",
    ),
    (
        "create | barb | 22 | T     | three",
        f"{BARB} has no click with these sub ids within 30 days before the order; {NEW}.",
    ),
    (
        "create | ann  | 23 | T     | -    ",
        f"Ann Dover had 2 clicks in the day before, last 5 h before the order; whose they were, nothing tells; {NEW}.",
    ),
    (
        "create | barb | 24 | T-6h  | -    ",
        f"{BARB} had one click in the day before, 18 h before the order; whose it was, nothing tells; {NEW}.",
    ),
    ("create | barb | 25 | T-10d | -    ", f"{BARB} has no click within a day before the order; {NEW}."),
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
def program(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    monkeypatch.setattr(settings, "ARCHIVE_FOLDER", tmp_path)
    program = install()
    load(program, clicks(CLICKS), orders(ORDERS))
    load(program, clicks(MORE), orders("order | at | turnover | visitor\n 9 | T | 9.00 | v4"))
    return program


def said(program: Program, *wishes: str) -> list[str]:
    """The sentences of new requests (`kind | partner | order | at | sub_id1`), as owners read them."""
    turnovers = ["50.00" if wish.startswith("create") else "7.00" for wish in wishes]
    rows = "\n".join(f"{turnover} | {wish}" for turnover, wish in zip(turnovers, wishes, strict=True))
    new = raised(program, f"turnover | kind | partner | order | at | sub_id1\n{rows}").new
    return [sentence(program, key) for key in new["id"]]


def sentence(program: Program, key: str) -> str:
    request = Request.objects.get(id=key)
    about = request.conversion_id
    conversion = None if about is None else Conversion.objects.get(id=about)
    return evidence_of(Names(view_of(program)), request, conversion).sentence


def test_each_sentence(program: Program) -> None:
    assert said(program, *(wish for wish, _sentence in SAID)) == [sentence for _wish, sentence in SAID]
    with override("de"):
        german = sentence(program, str(Request.objects.get(number=4).id))
    assert german == (
        "Barb Dwyer klickte 2-mal mit diesen Sub-IDs, zuletzt 12 Min. vor der Order; eine Order mit dieser Nummer ist"
        " nicht bekannt."
    )
    told = [before_order(minutes) for minutes in (0, 119, 120, 2_879, 2_880)]
    assert told == ["0 min", "119 min", "2 h", "47 h", "2 days"]


def test_what_was_not_looked_at_is_said(program: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    many = "\n".join(f"m{n} | T-90d+{n}s | v9 | ann | -" for n in range(250))
    load(
        program,
        clicks(f"click | at | visitor | party | sub_id1\n{many}"),
        orders("order | at | turnover | visitor\n 12 | T | 9.00 | v9"),
    )
    asked = ["create | barb | 12 | T | one", "create | barb | 20 | T | two", "create | barb | 21 | T | -"]
    assert (
        f"{BARB} has no click in the journey (of 50 older clicks of the journey it is not" in said(program, *asked)[0]
    )
    searched, nearby = (str(Request.objects.get(number=number).id) for number in (2, 3))
    archive_day((T - timedelta(days=20)).date())
    found = sentence(program, searched)
    assert "(the click log was searched from 10 Feb 2026 on; older clicks are in the archive)" in found
    archive_day(T.date())
    assert "(the clicks of that time are in the archive, which was not searched)" in sentence(program, nearby)
    monkeypatch.setattr(evidence, "PATIENCE_MILLISECONDS", 20)
    slow = evidence._SEARCH.replace("order by", "and pg_sleep(1) is not null order by")
    monkeypatch.setattr(evidence, "_SEARCH", slow)
    found = sentence(program, searched)
    assert found == f"{BARB} has too many clicks at that time to look through them; {NEW}."
