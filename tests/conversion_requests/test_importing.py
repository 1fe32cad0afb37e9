"""Tables of requests: what their cells ask for, what is wrong with them, and that nothing is raised twice."""

import csv
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from threading import Thread

import polars as pl
import pytest
from django.db import connection, connections

from accredit.access.models import User
from accredit.conversion_requests import checking
from accredit.conversion_requests.import_items import items_of
from accredit.conversion_requests.import_words import FAULTS
from accredit.conversion_requests.importing import UPLOAD, Came, raise_faultless, table_of
from accredit.conversion_requests.models import Request
from accredit.conversions.columns import PREFIX
from accredit.conversions.models import Conversion
from accredit.database.keys import key_to_text
from accredit.imports import queries
from accredit.imports.correcting import correct, correct_equal, take_back
from accredit.imports.declaring import AS_READ, Decimals, Format
from accredit.imports.models import Upload
from accredit.imports.operations import keep_upload
from accredit.imports.queries import View
from accredit.programs.models import Program
from accredit.programs.visibility import Viewpoint
from tests.conversion_requests.test_checking import TOYS
from tests.factories.arriving import arrive
from tests.factories.installing import NOW, SHOP, install, load, orders
from tests.factories.requesting import raised, somebody, view_of
from tests.factories.validating import asked, validated
from tests.imports.test_correcting import agrees

pytestmark = pytest.mark.django_db
ORDERS = """
    order | at   | turnover | codes
    1001  | T-1d | 100.00   | ANVIL10
    1002  | T-1d | 100.00   | ANVIL10
    1003  | T-1d | 100.00   | ANVIL10
    1004  | T-1d | 100.00   | ANVIL10
    1005  | T-1d | 100.00   | ANVIL10
    1006  | T-1d | 100.00   | -
    1007  | T-1d | 100.00   | ANVIL10
    1008  | T-1d | 100.00   | ANVIL10
    1009  | T-1d | 100.00   | ANVIL10
    1010  | T-1d | 100.00   | ANVIL10
    1011  | T-1d | 100.00   | ANVIL10
"""


@pytest.fixture
def program(db: None) -> Program:
    """The shop with ten orders of barb's and one of nobody's."""
    installed = install()
    load(installed, orders=orders(ORDERS))
    return installed


def kept(text: str | bytes, view: Viewpoint, user: User | None = None, said: Format = AS_READ) -> Upload:
    """An import of a file of these lines."""
    return keep_upload(
        [text.encode() if isinstance(text, str) else text],
        table=table_of(view, now=NOW, said=said),
        file_name="requests.csv",
        kind=UPLOAD,
        program_id=view.program.id,
        user=user or somebody(),
        now=NOW,
        said=said,
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
    amounts = {said: items_of(cells, said).filter(pl.col("item_id").is_in(["a", "d"])) for said in Decimals}
    assert {said: part["turnover_minor"].to_list() for said, part in amounts.items()} == {
        Decimals.COMMA: [1998, 123_400],
        Decimals.POINT: [None, None],  # 19,98 is written otherwise, and 1.234 has too many decimals
    }


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
        perhaps,P-1,01.02.2026,1.00,USD,sale,,,,,                           | kind choice_unknown
        create,5.3E+05,01.02.2026,1.00,USD,sale,,,,,                         | order_token digits_lost
        create,D-1,01.02.2026,1.00,USD,sale,,,,,                             | order_token named_twice
        create,D-1,01.02.2026,1.00,USD,sale,,,,,                             | order_token named_twice
        create,D-2,01.02.2026,1.00,USD,sale,,,,,,surplus                     |  too_many_cells
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


CREATE = {"kind": "create", "occurred_at": "01.02.2026", "turnover": "1.00", "currency": "USD", "event_type": "sale"}
FURTHER = [
    ("event_type=visit", "event_type choice_unknown"),
    ("partner=ann", "partner choice_unknown"),
    ("program=Other Shop", "program other_program"),
    ("program=ANVIL shop", ""),
    ("program=anvils", ""),
    ("currency=USX", "currency currency_unknown"),
    ("currency=", "currency required"),
    ("order_token=", "order_token required"),
    ("customer_status=loyal", "customer_status choice_unknown"),
    ("customer_status=First Order", ""),  # the shop's own word
    ("customer_status=Bestandskunde", ""),
    ("category=toys", "category unknown_category"),
    ("category=Gift-Card", ""),
    ("new_order_token=X", "new_order_token not_of_create"),
    ("order_token=held", "order_token waiting"),
    ("order_token=1006", ""),  # a claim
    ("kind=change&order_token=1001&category=toys", "category unknown_category"),
    ("kind=change&order_token=1002&new_order_token=1003", "new_order_token order_taken"),
    ("kind=change&order_token=1003&turnover=90.00", "status rejected"),
    ("kind=change&order_token=1004&rejection_reason=perhaps", "rejection_reason choice_unknown"),
    ("kind=change&order_token=1005&rejection_reason=returned", "rejection_reason reason_without_rejection"),
    ("kind=change&order_token=1007&turnover=90.00", "order_token open_request"),
    ("kind=change&order_token=1008&items=z;1;5.00", "items unknown_item"),
    ("kind=change&order_token=1010&device=tablet&occurred_at=01.02.2026", "occurred_at time_differs"),
    ("kind=change&order_token=1011&commission=5.00&new_order_token=N-1", ""),
]
"""Rows of a file, by what they have beside or instead of CREATE, and what is wrong with each."""


def test_what_else_is_wrong_with_rows(program: Program) -> None:
    validated(asked("order | to | reason\n 1003 | rejected | returned"))
    arrive(program.id, "anvils", orders("order | at | turnover\n held | T | 10.00"))
    raised(program, "kind | partner | order | turnover\n change | barb | 1007 | 80.00")
    rows = []
    for number, (text, _wrong) in enumerate(FURTHER, 1):
        cells = {name: value for name, _equals, value in (part.partition("=") for part in text.split("&"))}
        rows.append({"order_token": f"C-{number}", **({} if cells.get("kind") == "change" else CREATE), **cells})
    file = io.StringIO()
    writer = csv.DictWriter(file, sorted({name for row in rows for name in row}))
    writer.writeheader()
    writer.writerows(rows)
    wrong = {row: f"{column} {code}" for row, column, code in faults(kept(file.getvalue(), view_of(program, "barb")))}
    assert [(text, wrong.get(row, "")) for row, (text, _) in enumerate(FURTHER, 2)] == FURTHER


def test_a_change_is_for_whoever_has_the_conversion(program: Program) -> None:
    """Where the file leaves the partner out, and whoever uploads it may ask for several."""
    text = "kind,order_token,turnover\nchange,1001,90.00\nchange,1006,90.00\ncreate,N-1,5.00\nchange,9999,5.00\n"
    needed = [(4, name, "required") for name in ("occurred_at", "currency", "event_type")]
    for partners in ([], ["barb", "ann"]):
        upload = kept(text, view_of(program, *partners))
        assert faults(upload) == [
            (3, "partner", "missing"), *needed, (4, "partner", "required"), (5, "order_token", "unknown_order"),
        ]  # fmt: skip
    came = raise_faultless(upload, view_of(program), somebody(), now=NOW)
    assert (came.new, Request.objects.get().partner) == ([1], "barb")


def test_corrections_check_every_row_that_they_concern(program: Program) -> None:
    """Rows may name a conversion by its order or by its id, and what an order is to become may be what another row asks
    for: after each correction, what is kept is what a check of the whole file finds."""
    view = view_of(program, "barb")
    key = key_to_text(PREFIX, Conversion.objects.get(order_token="1001").id)
    table = table_of(view, now=NOW)
    names = ["kind", "order_token", "conversion", "new_order_token", "turnover"]
    upload = kept(
        f"""{",".join([*names, "occurred_at", "currency", "event_type"])}
change,1001,,,90.00,,,
change,,{key},,80.00,,,
change,1002,,X-1,,,,
change,1003,,X-1,,,,
change,1004,,X-2,,,,
create,X-2,,,5.00,2026-03-01,USD,sale
create,X-3,,,5.00,2026-03-01,USD,sale
""",
        view,
    )
    twice = "named_twice"
    assert faults(upload) == [
        (2, "order_token", twice), (3, "order_token", twice), (4, "new_order_token", twice),
        (5, "new_order_token", twice), (6, "new_order_token", twice),
    ]  # fmt: skip
    correct(upload, table, 2, "order_token", "1005")
    correct(upload, table, 4, "new_order_token", "X-3")
    correct(upload, table, 7, "order_token", "X-1")
    agrees(upload, table)
    assert faults(upload) == [(4, "new_order_token", twice), (5, "new_order_token", twice)]
    draw = Random(6)
    words = {
        "kind": ["create", "change", ""], "order_token": ["1001", "1002", "X-1", "X-2", ""], "conversion": [key, ""],
        "new_order_token": ["1003", "X-1", "X-2", ""], "turnover": ["90.00", "x"],
    }  # fmt: skip
    for _turn in range(8):
        name = draw.choice(names)
        correct(upload, table, draw.randint(2, 8), name, draw.choice(words[name]))
        agrees(upload, table)
    while take_back(upload, table):
        pass
    agrees(upload, table)
    assert len(faults(upload)) == 5


def test_what_changes_while_an_import_waits_is_found_before_anything_is_raised(program: Program) -> None:
    """A contract ends, and the partner leaves with it; a category goes."""
    view, user = view_of(program, "barb"), somebody()
    install(TOYS)
    header = "kind,order_token,occurred_at,turnover,currency,event_type,category\n"
    lines = "create,N-1,2026-03-10,5.00,USD,sale,toys\ncreate,N-2,2026-03-01,5.00,USD,sale,\n"
    upload = kept(header + lines, view, user)
    assert faults(upload) == []
    end = 'starts_at = 2026-02-15T00:00:00Z\n  terms = "standard"\n  version = 1\n'
    assert end in SHOP
    install(SHOP.replace(end, end.replace("\n", "\n  ends_at = 2026-03-05T00:00:00Z\n", 1), 1))
    assert raise_faultless(upload, view, user, now=NOW) == Came(wrong=1)
    assert faults(upload) == [(2, "partner", "no_live_contract"), (2, "category", "unknown_category")]
    assert raise_faultless(upload, view, user, now=NOW).new == [1]  # of when there was a contract
    assert Request.objects.get().order_token == "N-2"


@contextmanager
def asking() -> Iterator[list[str]]:
    """What is asked of the database meanwhile, COPY too: the kinds of messages, from libpq's own record."""
    asked: list[str] = []
    connection.ensure_connection()
    with tempfile.TemporaryFile("w+") as record:
        connection.connection.pgconn.trace(record.fileno())
        try:
            yield asked
        finally:
            connection.connection.pgconn.untrace()
            record.seek(0)
            sent = (line.split("\t") for line in record)
            asked += [parts[3] for parts in sent if parts[1:2] == ["F"] and parts[3] in ("Query", "Execute")]


def test_the_database_is_asked_as_often_for_a_thousand_rows_as_for_ten(program: Program) -> None:
    view, user = view_of(program, "barb"), somebody()
    table = table_of(view, now=NOW)
    counts = []
    for name, rows, known in (("warm", 10, [1001]), ("few", 10, [1002, 1003]), ("many", 1_000, [1004, 1005])):
        lines = [
            f"create,{name}-{row},2026-03-01,{row}.00,{'Dollar' if row % 2 else 'USD'},sale,gift-card,seen"
            for row in range(1, rows + 1)
        ]
        changed = [f"change,{order},,90.00,,,," for order in known]
        header = "kind,order_token,occurred_at,turnover,currency,event_type,category,comment"
        text = "\n".join([header, *lines, *changed])
        with asking() as checking:
            upload = kept(text, view, user)
        with asking() as correcting:
            assert correct_equal(upload, table, "currency", "Dollar", "USD") == rows // 2
        with asking() as shown:
            assert len(queries.page(upload, size=2_000)) == len(lines) + len(changed)
        with asking() as raising:
            assert len(raise_faultless(upload, view, user, now=NOW).new) == len(lines) + len(changed)
        counts.append([len(one) for one in (checking, correcting, shown, raising)])
    assert counts[1] == counts[2]


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
