"""Spec 80: `accredit credit` and `accredit program check`, as they are called."""

import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from accredit import __version__
from accredit.cli import app
from accredit.engine.program import RULE_FIELDS

PROGRAM = """
format = 1

[program]
code = "anvils"
name = "Anvil Shop"
advertiser = "ACME"
currency = "USD"
timezone = "America/New_York"
referral_window_days = 30
foreign_promo_code = "invalid"

[[event_type]]
code = "sale"
[event_type.customer_status]
New = ["N"]
Existing = ["E"]

[[event_type]]
code = "lead"

[[partner]]
code = "barb"
[[partner]]
code = "carl"

[[channel]]
code = "email"

[[promo_code]]
code = "CARL"
match = "exact"
partner = "carl"
policy = "involved"

[[terms]]
code = "standard"
version = 1
  [[terms.payout]]
  event_type = "sale"
  level = "item"
  model = "Standard, 10 %"
  percent = "10"
    [[terms.payout.group]]
    model = "Shoes"
    percent = "12.5"
    when = [{ field = "category", in = ["shoes"] }]
    [[terms.payout.adjustment]]
    name = "New"
    percent = "100"
    when = [{ field = "customer_status", in = ["new"] }]
    [[terms.payout.restriction]]
    name = "No gift cards"
    when = [{ field = "category", in = ["gift-card"] }]

[[contract]]
partner = "barb"
  [[contract.period]]
  starts_at = 2025-01-01T00:00:00Z
  terms = "standard"
  version = 1
[[contract]]
partner = "carl"
  [[contract.period]]
  starts_at = 2025-01-01T00:00:00Z
  terms = "standard"
  version = 1
  credit_group = "standard"
"""
CLICKS = """\
click_id,clicked_at,visitor_id,partner,channel,device
k1,2026-01-10T12:00:00Z,v1,barb,,mobile
k2,2026-01-11T12:00:00+01:00,v1,carl,,
k3,2026-01-12T12:00:00Z,v2,,email,
k4,2026-01-12T12:00:00Z,v3,carl,,
"""
ORDERS = '''\
event_type,order_token,occurred_at,visitor_id,currency,turnover,customer_status,promo_code
sale,o4,2026-01-20T12:00:00Z,v3,USD,10,existing,
sale,o1,2026-01-20T12:00:00Z,v1,USD,1.98,n,
lead,o1,2026-01-20T12:00:00Z,v1,USD,0,,
sale,o2,2026-01-15T12:00:00.5+02:00,v2,JPY,999,winback,
sale,o3,2026-01-21T12:00:00Z,,KWD,1.5,,
sale,o5,2026-01-22T12:00:00Z,v1,USD,20,E,carl
sale,o6,2026-01-22T12:00:00Z,v1,USD,20,E,"what, ""else"""
'''
ITEMS = """\
event_type,order_token,item_id,quantity,turnover,category
sale,o1,b,1,0.99,shoes
sale,o1,a,1,0.99,hats
sale,o4,1,1,5,gift-card
sale,o4,2,1,5,gift-card
"""
RESULT = """\
event_type,order_token,occurred_at,credited_to,partner,channel,click_id,reason,promo_code,credit_group,terms,\
terms_version,model,customer_status,currency,turnover,commission,adjustments,restriction,status
sale,o2,2026-01-15T10:00:00.500000Z,channel,,email,k3,last_click,,preferred,,,,winback,JPY,999,0,,,open
lead,o1,2026-01-20T12:00:00.000000Z,partner,barb,,k1,last_click,,preferred,standard,1,,,USD,0.00,0.00,,\
event_type_not_paid,open
sale,o1,2026-01-20T12:00:00.000000Z,partner,barb,,k1,last_click,,preferred,standard,1,"Standard, 10 %;Shoes",New,USD,\
1.98,0.45,New,,open
sale,o4,2026-01-20T12:00:00.000000Z,partner,carl,,k4,last_click,,standard,standard,1,,Existing,USD,10.00,0.00,,\
No gift cards,open
sale,o3,2026-01-21T12:00:00.000000Z,none,,,,no_candidate,,,,,,,KWD,1.500,0.000,,,open
sale,o5,2026-01-22T12:00:00.000000Z,partner,barb,,k1,last_click,,preferred,standard,1,,Existing,USD,20.00,0.00,,\
foreign_promo_code,open
sale,o6,2026-01-22T12:00:00.000000Z,partner,barb,,k1,last_click,,preferred,standard,1,"Standard, 10 %",Existing,USD,\
20.00,2.00,,,open
"""
EXPLANATION = '''\
event_type,order_token,rank,partner,channel,click_id,clicked_at,promo_code,credit_group,outcome,without_winner
sale,o2,1,,email,k3,2026-01-12T12:00:00.000000Z,,preferred,won,
lead,o1,1,barb,,k1,2026-01-10T12:00:00.000000Z,,preferred,won,partner:carl
lead,o1,2,carl,,k2,2026-01-11T11:00:00.000000Z,,standard,lower_credit_group,
sale,o1,1,barb,,k1,2026-01-10T12:00:00.000000Z,,preferred,won,partner:carl
sale,o1,2,carl,,k2,2026-01-11T11:00:00.000000Z,,standard,lower_credit_group,
sale,o4,1,carl,,k4,2026-01-12T12:00:00.000000Z,,standard,won,
sale,o5,1,barb,,k1,2026-01-10T12:00:00.000000Z,,preferred,won,partner:carl
sale,o5,2,carl,,,,carl,standard,lower_credit_group,
sale,o5,3,carl,,k2,2026-01-11T11:00:00.000000Z,,standard,lower_credit_group,
sale,o6,1,barb,,k1,2026-01-10T12:00:00.000000Z,,preferred,won,partner:carl
sale,o6,2,carl,,k2,2026-01-11T11:00:00.000000Z,,standard,lower_credit_group,
sale,o6,3,,,,,what,,unknown_code,
sale,o6,4,,,,,"""else""",,unknown_code,
'''

SAID = """\
7 orders: 5 credited to partners, 1 to channels, 1 to nobody. Commission: 0 JPY, 0.000 KWD, 2.45 USD.
"""

FILES = ("--program", "program.toml", "--clicks", "c.csv", "--orders", "o.csv")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("program.toml", PROGRAM), ("c.csv", CLICKS), ("o.csv", ORDERS), ("i.csv", ITEMS)):
        (tmp_path / name).write_text(text)
    return tmp_path


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def accredit(folder: Path) -> Run:
    """`accredit …` in a process of its own, in the folder."""

    def run(*arguments: str, prepare: str = "") -> "subprocess.CompletedProcess[str]":
        command = [sys.executable, "-c", f"{prepare}\nfrom accredit.cli import app; app()", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)

    return run


def test_orders_are_credited_and_priced_from_file_to_file(folder: Path, accredit: Run) -> None:
    arguments = [*FILES, "--items", "i.csv", "--out", "out.csv", "--explain", "why.csv"]
    done = accredit("credit", *arguments)
    assert (done.returncode, done.stdout, done.stderr) == (0, SAID, "")
    assert (folder / "out.csv").read_text() == RESULT
    assert (folder / "why.csv").read_text() == EXPLANATION
    assert sorted(path.name for path in folder.iterdir()) == [
        "c.csv", "i.csv", "o.csv", "out.csv", "program.toml", "why.csv",
    ]  # fmt: skip

    again = accredit("credit", *FILES, "--items", "i.csv", "--out", "again.csv", "--explain", "again_why.csv")
    assert again.returncode == 0, again.stderr
    assert (folder / "again.csv").read_bytes() == (folder / "out.csv").read_bytes()
    assert (folder / "again_why.csv").read_bytes() == (folder / "why.csv").read_bytes()


def credit(folder: Path, **files: str) -> "tuple[int, str]":
    """Exit code and what was said, within this process."""
    names = {"program": "program.toml", "clicks": "c.csv", "orders": "o.csv", "out": "out.csv", **files}
    arguments = [text for option, name in names.items() for text in (f"--{option}", str(folder / name))]
    result = CliRunner().invoke(app, ["credit", *arguments])
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.stderr


def test_the_order_of_the_rows_changes_nothing(folder: Path) -> None:
    assert credit(folder, items="i.csv", explain="why.csv") == (0, "")
    before = (folder / "out.csv").read_bytes(), (folder / "why.csv").read_bytes()
    for name in ("c.csv", "o.csv", "i.csv"):
        header, *rows = (folder / name).read_text().splitlines(keepends=True)
        (folder / name).write_text(header + "".join(reversed(rows)))
    assert credit(folder, items="i.csv", explain="why.csv") == (0, "")
    assert ((folder / "out.csv").read_bytes(), (folder / "why.csv").read_bytes()) == before


def test_parquet_in_and_out(folder: Path) -> None:
    assert credit(folder, items="i.csv", explain="why.csv") == (0, "")
    for name in ("c", "o", "i"):
        pl.read_csv(folder / f"{name}.csv", infer_schema=False).write_parquet(folder / f"{name}.parquet")
    files = {"clicks": "c.parquet", "orders": "o.parquet", "items": "i.parquet"}
    assert credit(folder, **files, out="out2.csv", explain="why2.csv") == (0, "")
    assert (folder / "out2.csv").read_bytes() == (folder / "out.csv").read_bytes()
    assert (folder / "why2.csv").read_bytes() == (folder / "why.csv").read_bytes()

    assert credit(folder, **files, out="out.parquet", explain="why.parquet") == (0, "")
    conversions = pl.read_parquet(folder / "out.parquet")
    as_text = conversions.select("occurred_at", "turnover", "commission", "terms_version").rows()[2]
    assert list(map(str, as_text)) == ["2026-01-20 12:00:00+00:00", "1.9800", "0.4500", "1"]
    texts = pl.read_csv(folder / "out.csv", infer_schema=False)
    same = [name for name, dtype in conversions.schema.items() if dtype == pl.String]
    assert len(same) == 16
    assert conversions.select(same).equals(texts.select(same))
    before = (folder / "out.parquet").read_bytes()
    assert credit(folder, **files, out="out.parquet") == (0, "")
    assert (folder / "out.parquet").read_bytes() == before


def test_errors_are_printed_and_nothing_is_written(folder: Path, accredit: Run) -> None:
    (folder / "o.csv").write_text(ORDERS.replace(",20,E,carl", ",-20,E,carl").replace(",v3,USD", ",v3,usd"))
    (folder / "i.csv").write_text(ITEMS.replace("o4,2,1", "o4,2,0"))
    (folder / "out.csv").write_text("as before")
    arguments = [*FILES, "--items", "i.csv", "--out", "out.csv", "--explain", "why.csv"]
    done = accredit("credit", *arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert done.stderr.splitlines() == [
        "o.csv:2:currency: 'usd' is no currency of ISO 4217, such as EUR, USD or JPY.",
        "o.csv:7:turnover: '-20' is negative; turnover is zero or more.",
        "i.csv:5:quantity: '0' is wrong; quantity must be a whole number from 1 to 100000000.",
    ]
    assert (folder / "out.csv").read_text() == "as before"
    assert sorted(path.name for path in folder.iterdir()) == ["c.csv", "i.csv", "o.csv", "out.csv", "program.toml"]


def test_a_commission_that_is_too_large_names_the_order(folder: Path) -> None:
    (folder / "program.toml").write_text(PROGRAM.replace('percent = "10"', 'percent = "1000"'))
    (folder / "o.csv").write_text(ORDERS.replace("v1,USD,20,E,carl", "v1,USD,9999999999999.99,E,\n"))
    code, said = credit(folder)
    assert code == 1
    assert said.startswith(f"{folder}/o.csv:7:turnover: The commission is too large: ")
    assert not (folder / "out.csv").exists()


WRONG_USAGE = [
    ({"clicks": "none.csv"}, "does not exist"),
    ({"program": "none.toml"}, "does not exist"),
    ({"orders": "."}, "is a directory"),
    ({"out": "out.xlsx"}, "must end in .csv or .parquet"),
    ({"clicks": "program.toml"}, "must end in .csv or .parquet"),
    ({"out": "none/out.csv"}, "There is no folder"),
    ({"out": "c.csv"}, "Two of the files are the same: --clicks"),
    ({"explain": "out.csv"}, "Two of the files are the same: --out"),
    ({"out": "hard_link.csv"}, "Two of the files are the same: --clicks"),
    ({"explain": "symlink.csv"}, "Two of the files are the same: --orders"),
    ({"out": "new.csv", "explain": "link_to_new.csv"}, "Two of the files are the same: --out"),
    ({"nonsense": "out.csv"}, "No such option"),
]


@pytest.mark.parametrize(("files", "said"), WRONG_USAGE, ids=str)
def test_wrong_usage_exits_with_2(folder: Path, files: dict[str, str], said: str) -> None:
    (folder / "hard_link.csv").hardlink_to(folder / "c.csv")
    (folder / "symlink.csv").symlink_to(folder / "o.csv")
    (folder / "link_to_new.csv").symlink_to(folder / "new.csv")
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.exists()}
    code, words = credit(folder, **files)
    assert code == 2
    assert said in " ".join(words.replace("│", " ").split())
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.exists()} == before


def test_missing_options_exit_with_2(accredit: Run) -> None:
    done = accredit("credit", "--program", "program.toml")
    assert done.returncode == 2
    assert "Missing option" in done.stderr


def test_results_that_cannot_be_written_leave_nothing(folder: Path, accredit: Run) -> None:
    many = "".join(f"sale,x{number},2026-01-20T12:00:00Z,v1,USD,1,,\n" for number in range(3000))
    (folder / "o.csv").write_text(ORDERS + many)
    prepare = """if True:
        import resource, signal
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    """
    done = accredit("credit", *FILES, "--out", "out.csv", prepare=prepare)
    assert done.returncode == 1
    assert done.stderr.startswith("The results cannot be written: ")
    assert sorted(path.name for path in folder.iterdir()) == ["c.csv", "i.csv", "o.csv", "program.toml"]


def test_a_reader_of_errors_may_stop_early(folder: Path) -> None:
    wrong = "".join(f"sale,x{number},never,v1,USD,1,,\n" for number in range(20_000))
    (folder / "o.csv").write_text(ORDERS + wrong)
    command = [sys.executable, "-c", "from accredit.cli import app; app()", "credit", *FILES, "--out", "out.csv"]
    line = f"({shlex.join(command)}; echo $? >code) 2>&1 | head -n 1"
    done = subprocess.run(line, shell=True, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("o.csv:9:occurred_at: 'never' is wrong;")
    assert (folder / "code").read_text() == "1\n"


def test_program_check(folder: Path, accredit: Run) -> None:
    done = accredit("program", "check", "program.toml")
    assert (done.returncode, done.stdout, done.stderr) == (0, "program.toml is right.\n", "")
    text = PROGRAM.replace('field = "category", in = ["shoes"]', 'field = "kategory", in = ["shoes"]')
    (folder / "program.toml").write_text(text.replace('currency = "USD"', 'currency = "US$"'))
    done = accredit("program", "check", "program.toml")
    assert done.returncode == 1
    assert done.stderr.splitlines() == [
        "program.toml:8:1: 'US$' is no currency of ISO 4217, such as EUR, USD or JPY.",
        f"program.toml:47:15: There is no field 'kategory'. Fields are: {', '.join(RULE_FIELDS)}.",
    ]
    assert accredit("program", "check", "none.toml").returncode == 2
    assert accredit("program", "check").returncode == 2


def test_files_need_neither_django_nor_a_database(accredit: Run) -> None:
    tell = """if True:
        import atexit, sys
        atexit.register(lambda: print(sorted({"django", "psycopg", "procrastinate", "polars"} & set(sys.modules))))
    """
    assert accredit("credit", *FILES, "--out", "out.csv", prepare=tell).stdout.splitlines()[1:] == ["['polars']"]
    assert accredit("--version", prepare=tell).stdout.splitlines()[1:] == ["[]"]


def test_help_and_version(accredit: Run) -> None:
    assert accredit("--version").stdout == f"accredit {__version__}\n"
    assert "Credit orders to partners" in accredit("--help").stdout
    assert "--explain" in accredit("credit", "--help").stdout
