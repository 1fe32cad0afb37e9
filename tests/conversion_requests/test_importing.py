"""Tables of requests: what their cells ask for, what is wrong with them, and that nothing is raised twice."""

from datetime import timedelta
from threading import Thread

import polars as pl
import pytest
from django.db import connections

from accredit.access.models import User
from accredit.conversion_requests import checking
from accredit.conversion_requests.import_items import items_of
from accredit.conversion_requests.import_words import FAULTS
from accredit.conversion_requests.importing import UPLOAD, Came, raise_faultless, table_of
from accredit.conversion_requests.models import Request, Rules
from accredit.conversions.operations import load_frames
from accredit.demo.input import PROGRAM_FILE
from accredit.demo.orders import orders_of, read_lines
from accredit.files import parse_program
from accredit.imports import queries
from accredit.imports.models import Upload
from accredit.imports.operations import keep_upload
from accredit.imports.queries import View
from accredit.programs.models import Program
from accredit.programs.operations import apply_program
from accredit.programs.queries import program_by_code
from accredit.programs.visibility import Viewpoint
from tests.acceptance.online_retail import PATH
from tests.factories.installing import NO_CLICKS, NO_ITEMS, NOW, install, load, orders
from tests.factories.request_files import changes, creates, with_mistakes
from tests.factories.requesting import somebody, view_of

pytestmark = pytest.mark.django_db
ORDERS = """
    order | at   | turnover | codes
    1001  | T-1d | 100.00   | ANVIL10
    1002  | T-1d | 100.00   | ANVIL10
    1003  | T-1d | 100.00   | ANVIL10
    1004  | T-1d | 100.00   | ANVIL10
    1005  | T-1d | 100.00   | ANVIL10
    1006  | T-1d | 100.00   | -
"""


@pytest.fixture
def program(db: None) -> Program:
    """The shop with five orders of barb's and one of nobody's."""
    installed = install()
    load(installed, orders=orders(ORDERS))
    return installed


def kept(text: str, view: Viewpoint, user: User | None = None, content: bytes = b"") -> Upload:
    """An import of a file of these lines."""
    return keep_upload(
        [content or text.encode()],
        table=table_of(view, now=NOW),
        file_name="requests.csv",
        kind=UPLOAD,
        program_id=view.program.id,
        user=user or somebody(),
        now=NOW,
    )


def faults(upload: Upload) -> list[tuple[int, str, str]]:
    return [
        (row.row, column, code)
        for row in queries.page(upload, View(faulty=True), size=1000)
        for column, code, _details in row.faults
    ]


def test_every_fault_has_its_words() -> None:
    assert {code for code in checking.FAULTS if code not in FAULTS} == set()


def test_items_of_a_cell() -> None:
    cells = pl.DataFrame(
        {
            "row": [2, 3, 4, 5, 6],
            "items": ["a;2;19,98;S-1;tools\nb;1;1.234,50", "c;0", "d;1;1.234 | e;x;1", None, ";1;2|f;1;2.00;;;x"],
            "currency": ["USD"] * 5,
        }
    )
    found = items_of(cells)
    assert found.select("row", "item_id", "quantity", "turnover_minor", "sku", "wrong").rows() == [
        (2, "a", 2, 1998, "S-1", False),
        (2, "b", 1, 123_450, None, False),
        (3, "c", 0, None, None, False),
        (4, "d", 1, None, None, True),  # 1.234 can be read in two ways
        (4, "e", None, 100, None, True),
        (6, None, 1, 200, None, True),
        (6, "f", 1, 200, None, True),
    ]


def test_what_is_wrong_with_rows(program: Program) -> None:
    """Every row of the file, and behind it which cell is at fault and why."""
    lines = """
        kind,order_token,occurred_at,turnover,currency,event_type,status,rejection_reason,conversion,commission,items
        create,N-1,01.02.2026,1.00,USD,sale,,,,,                             |
        ,N-2,01.02.2026,1.00,USD,sale,approved,,,0.50,a;1;0.40 | b;2;0.60    |
        create,N-3,,,,,,,,,                                                  | all of it
        create,N-4,01.03.2027,1.00,USD,sale,,,,,                             | occurred_at in_future
        create,N-5,01.03.2020,1.00,USD,sale,,,,,    | occurred_at outside_period, partner no_live_contract
        create,N-6,01.02.2026,-1.00,USD,sale,,,,,                            | turnover amount_negative
        create,N-7,01.02.2026,1.00,USD,sale,,,,,a;1;2.00                     | turnover sum_of_items
        create,N-8,01.02.2026,2.00,USD,sale,,,,,a;one;2.00                   | items items_wrong
        create,N-9,01.02.2026,2.00,USD,sale,rejected,returned,,,             | status status_of_create
        create,1001,01.02.2026,100.00,USD,sale,,,,,                          | order_token partners_own
        change,9999,,1.00,USD,sale,,,,,                                      | order_token unknown_order
        change,,,1.00,USD,,,,cv_00000000000000000000000001,,                 | conversion unknown_order
        change,,,1.00,USD,,,,cv_1,,                                          | conversion key_wrong
        change,1002,,100.00,USD,sale,,,,,                                    | no_change
        change,1003,,90.00,,,,,,,                                            |
        change,1004,,90.00,EUR,sale,,,,,                                     | currency currency_differs
        change,1005,,,,sale,rejected,,,,                                     | rejection_reason reason_missing
        change,1006,,90.00,USD,sale,,,,,                                     | order_token not_partners
        perhaps,1007,01.02.2026,1.00,USD,sale,,,,,                           | kind choice_unknown
        create,5.3E+05,01.02.2026,1.00,USD,sale,,,,,                         | order_token digits_lost
        create,D-1,01.02.2026,1.00,USD,sale,,,,,                             | order_token twice
        create,D-1,01.02.2026,1.00,USD,sale,,,,,                             | order_token twice
    """.strip().splitlines()
    header, *rows = lines
    cells = [row.rpartition("|")[0].strip() for row in rows]
    upload = kept("\n".join([header.strip(), *cells]), view_of(program, "barb"))
    found: dict[int, list[str]] = {number: [] for number in range(2, len(rows) + 2)}
    for row, column, code in faults(upload):
        found[row].append(f"{column} {code}")
    expected = {number: row.rpartition("|")[2].strip() for number, row in enumerate(rows, 2)}
    needed = "occurred_at required, turnover required, currency required, event_type required"
    assert {number: ", ".join(codes).strip() for number, codes in found.items()} == {
        row: needed if text == "all of it" else text for row, text in expected.items()
    }


def test_the_same_file_at_the_same_time_raises_nothing_twice(program: Program, transactional_db: None) -> None:
    view, user = view_of(program, "barb"), somebody()
    lines = "\n".join(f"create,N-{number},01.02.2026,1.00,USD,sale" for number in range(40))
    uploads = [kept(f"kind,order_token,occurred_at,turnover,currency,event_type\n{lines}", view, user) for _tab in "ab"]
    came: list[Came] = []

    def press(upload: Upload) -> None:
        try:
            came.append(raise_faultless(upload, view, user, now=NOW))
        finally:
            connections.close_all()

    presses = [Thread(target=press, args=[upload]) for upload in [*uploads, *uploads]]
    for one in presses:
        one.start()
    for one in presses:
        one.join()

    assert sorted(number for one in came for number in one.new) == list(range(1, 41))
    assert sorted(len(one.known) for one in came) == [0, 0, 0, 40]
    assert Request.objects.count() == 40


@pytest.mark.skipif(not PATH.exists(), reason=f"the real orders are not there: {PATH}")
def test_real_orders_that_were_not_tracked_and_cancellations() -> None:
    """Of every twentieth order nothing was tracked; the requests have a mistake in every eighth create."""
    value = parse_program(str(PROGRAM_FILE), PROGRAM_FILE.read_bytes())
    apply_program(value)
    program = program_by_code(value.code)
    Rules.objects.create(program=program, period_days=36_500)
    lines = read_lines(PATH)
    first = orders_of(lines).conversions.head(3_000)
    withheld = first.gather_every(20)
    tracked = first.join(withheld.select("order_token"), on="order_token", how="anti")
    partner = value.partners[0].code
    load_frames(program.id, NO_CLICKS, tracked, NO_ITEMS, now=NOW)
    made = with_mistakes([*creates(withheld, partner), *changes(lines, tracked, partner)[:60]], every=8)
    upload = kept("", view_of(program), content=made.csv())
    titles = {"Order number": "order_token", "Time": "occurred_at"}
    mistaken = {(row, titles.get(heading, heading.lower())) for row, heading in made.wrong}
    found = {(row, column): code for row, column, code in faults(upload)}
    assert mistaken - found.keys() == set()
    # The cancelled orders are nobody's, since none of the clicks was loaded: they are no partner's to change.
    others = {code for cell, code in found.items() if cell not in mistaken}
    assert others <= {"not_partners", "twice"}
    came = raise_faultless(upload, view_of(program), somebody(), now=NOW + timedelta(days=1))
    assert len(came.new) == len(made.lines) - upload.faulty
    turnovers = dict(withheld.select("order_token", "turnover_minor").iter_rows())
    raised = dict(Request.objects.filter(kind="create").values_list("order_token", "turnover_minor"))
    assert raised == {token: turnovers[token] for token in raised}
