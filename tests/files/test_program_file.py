"""Spec 80, program file: what it says, and every error with its line."""

from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from accredit.engine.program import (
    Ad,
    Adjustment,
    Channel,
    ChannelPeriod,
    Contract,
    ContractPeriod,
    CreditGroup,
    EventType,
    Partner,
    Payout,
    PayoutGroup,
    Program,
    Project,
    PromoCode,
    Rate,
    RejectionReason,
    Restriction,
    Rule,
    Terms,
    Tracking,
)
from accredit.files import FileErrors, parse_program, read_program

EXAMPLE = Path(__file__).with_name("example.toml")
PREFERRED, STANDARD, NON_PREFERRED = CreditGroup


def day(month: int, hour: int = 0) -> datetime:
    return datetime(2026, month, 1, hour, tzinfo=UTC)


def errors_of(text: str | bytes) -> list[str]:
    """line: message"""
    content = text if isinstance(text, bytes) else text.encode()
    try:
        parse_program("p.toml", content)
    except FileErrors as errors:
        return [f"{error.row}: {error.message}" for error in errors]
    return []


def test_everything_that_a_program_file_says() -> None:
    standard = Payout(
        "sale", "order", "Standard 10 %", Rate(percent_ppm=100_000),
        (PayoutGroup("New customers 15 %", Rate(percent_ppm=150_000), (Rule("customer_status", "in", ("New",)),)),),
        (
            Adjustment("Mobile", 50_000, None, (
                Rule("device", "in", ("mobile",)), Rule("order_total", "gte", number=Decimal(50)),
            )),
            Adjustment("Thank you", None, {"USD": -100, "JPY": 100}, ()),
        ),
        (Restriction("No gift cards", (Rule("category", "in", ("gift-card",)),)),),
    )  # fmt: skip
    assert read_program(EXAMPLE) == Program(
        code="anvils", name="Anvil Shop", advertiser="ACME", currency="USD", timezone="America/New_York",
        referral_window_days=30, foreign_promo_code="credit", attribution="last_click",
        event_types=(
            EventType("sale", {"New": ("N", "first order"), "Existing": ("E",), "Re-Engaged": ("winback",)}),
            EventType("lead"),
        ),
        partners=(Partner("barb", "Barb Dwyer"), Partner("carl", "carl")),
        channels=(
            Channel("email", "E-mail", PREFERRED, 30),
            Channel("display", "Display", NON_PREFERRED, 30, (
                ChannelPeriod(datetime(2025, 12, 31, 23, tzinfo=UTC), day(2), NON_PREFERRED, 7),
                ChannelPeriod(day(2), None, STANDARD, 30),
            )),
        ),
        promo_codes=(
            PromoCode("ANVIL10", "exact", "barb", "always", day(1)),
            PromoCode("CARL-[0-9]+", "regex", "carl", "winner"),
        ),
        terms=(
            Terms("standard", 1, (standard, Payout("lead", "item", "A fiver", Rate(fixed={"USD": 500})))),
            Terms("standard", 2, (), day(6), True, "Less for everybody.\nSorry."),
        ),
        contracts=(
            Contract("barb", (
                ContractPeriod(day(1), day(7), "standard", 1, PREFERRED, 60),
                ContractPeriod(day(7), None, "standard", 2, PREFERRED, 30),
            ), ("Preferred",)),
        ),
        ads=(Ad("banner", "Banner", "https://anvils.example/sale"),),
        projects=(Project("spring", "Spring", "barb"),),
        rejection_reasons=(RejectionReason("returned", "Zurückgegeben", "Returned"),),
        tracking=Tracking(
            ("anvils.example", "www.anvils.example:8443"), "acc", "https://anvils.example/?from=partner", 400
        ),
    )  # fmt: skip


def test_the_smallest_program() -> None:
    text = """
        format = 1
        event_type = [{ code = "sale" }]
        [program]
        code = "a"
        name = "A"
        advertiser = "B"
        currency = "EUR"
        timezone = "UTC"
        referral_window_days = 1
    """
    assert parse_program("p.toml", text.encode()) == Program("a", "A", "B", "EUR", "UTC", 1, (EventType("sale"),))


WRONG = [  # what is replaced in the example, by what, and the start of the error
    ("format = 1", "format = 2", "2: 'format' is 2; it must be 1."),
    ("format = 1", "", "1: The file needs 'format'"),
    ('code = "anvils"', "", "4: The program needs 'code': a text."),
    ('code = "anvils"', "code = 5", "5: 'code' is 5; it must be a text."),
    ('code = "anvils"', 'code = ""', "5: 'code' is empty."),
    ('code = "anvils"', 'code = " anvils"', "5: 'code' begins or ends with a blank: ' anvils'."),
    ('code = "anvils"', 'code = "an\\nvils"', "5: 'code' holds a line break"),
    ('code = "anvils"', f'code = "{"x" * 101}"', "5: 'code' has 101 characters; at most 100 are allowed."),
    ('"USD"\n', '"usd"\n', "8: 'usd' is no currency of ISO 4217"),
    ('"USD"\n', '"XAU"\n', "8: 'XAU' is no currency of ISO 4217"),
    ("America/New_York", "America/NewYork", "9: There is no time zone 'America/NewYork', such as Europe/Berlin. Did"),
    ("America/New_York", "/etc/passwd", "9: There is no time zone '/etc/passwd'"),
    ("days = 30\nforeign", "days = 0\nforeign", "10: 'referral_window_days' is 0; it must be a whole number from 1"),
    ("days = 30\nforeign", "days = 30.5\nforeign", "10: 'referral_window_days' is 30.5; it must be a whole number"),
    ("days = 30\nforeign", "days = true\nforeign", "10: 'referral_window_days' is true; it must be a whole number"),
    ('"credit"', '"maybe"', "11: 'foreign_promo_code' is 'maybe'; it must be one of \"credit\", \"invalid\"."),
    ("foreign_promo_code", "foreign_code", "11: The program has no 'foreign_code'. Did you mean 'foreign_promo_code'?"),
    ("foreign_promo_code", "attribution", "11: 'attribution' is 'credit'; it must be one of \"last_click\"."),
    ('"anvils.example",', '"https://anvils.example",', "14: 'https://anvils.example' is no host"),
    ('"acc"', '"a b"', "15: 'a b' must be 1 to 50 letters"),
    ('"https://anvils.example/?from', '"anvils.example/?from', "16: 'fallback_page' is 'anvils.example/?from=partner'"),
    ("= 400", "= 0", "17: 'retention_days' is 0"),
    (
        '"lead"\n\n[[p',
        '"lead"\n[[event_type]]\ncode = "sale"\n[[p',
        "29: The code 'sale' is there already: choose another one.",
    ),
    ('["E"]', '["e", "n"]', "23: 'n' means 'New' already; a word means one status."),
    ('["E"]', '"E"', "23: 'Existing' is 'E'; it must be a list of texts"),
    ('["E"]', '["E", 5]', "23: 'Existing' holds 5; it must be a list of texts"),
    ('"Re-Engaged" =', '"existing" =', "24: The customer status 'existing' is there already, in another case."),
    (
        'code = "carl"\n',
        'code = "carl"\n[[partner]]\ncode = "barb"\n',
        "36: The code 'barb' is there already: choose another one.",
    ),
    ('code = "carl"\n', 'code = "carl"\nmail = "x"\n', "35: A partner has no 'mail'. There are: code, name."),
    ('"non-preferred"', '"none"', "45: 'credit_group' is 'none'; it must be one of \"preferred\", \"standard\","),
    (
        "ends_at = 2026-02-01T00:00:00Z",
        "ends_at = 2026-02-01T00:00:00.000001Z",
        "53: The period overlaps the one from 2025-12-31 23",
    ),
    ("ends_at = 2026-02-01T00:00:00Z", "ends_at = 2026-01-01T00:00:00+01:00", "49: 'ends_at' is not later than"),
    ("ends_at = 2026-02-01T00:00:00Z", "ends_at = 2026-02-01T00:00:00", "49: 'ends_at' has no offset: 2026-02-01T00:"),
    (
        "ends_at = 2026-02-01T00:00:00Z",
        "ends_at = 2026-02-01",
        "49: 'ends_at' is 2026-02-01; it must be a time with an",
    ),
    (
        "ends_at = 2026-02-01T00:00:00Z",
        'ends_at = "2026-02-01T00:00:00Z"',
        "49: 'ends_at' is '2026-02-01T00:00:00Z'; it",
    ),
    ("ends_at = 2026-02-01T00:00:00Z", "ends_at = 9999-12-31T23:59:59-05:00", "49: 'ends_at' is in the year 9999;"),
    ('match = "exact"', 'match = "exactly"', "58: 'match' is 'exactly'; it must be one of \"exact\", \"regex\"."),
    ('"ANVIL10"', '"ANVIL;10"', "57: 'ANVIL;10' holds ';' or ','"),
    ('partner = "barb"\npolicy', 'partner = "Barb"\npolicy', "59: There is no partner 'Barb'. Did you mean 'barb'?"),
    (
        '"CARL-[0-9]+"',
        '"CARL-[0-9"',
        "64: 'CARL-[0-9' is no regular expression of Rust's regex syntax: unclosed",
    ),
    ('"CARL-[0-9]+"', '"(?=x)"', "64: '(?=x)' is no regular expression of Rust's regex syntax"),
    ('"CARL-[0-9]+"', '"a)(b"', "64: 'a)(b' is no regular expression of Rust's regex syntax: unopened group."),
    ('"CARL-[0-9]+"\nmatch = "regex"', '" anvil10"\nmatch = "exact"', "64: 'code' begins or ends with a blank"),
    (
        '"CARL-[0-9]+"\nmatch = "regex"',
        '"Anvil10"\nmatch = "exact"',
        "61: The promo code 'ANVIL10' is defined twice for",
    ),
    ('"https://anvils.example/sale"', '"http://[bad"', "72: 'landing_page' is 'http://[bad'; it must be a web address"),
    (
        '"https://anvils.example/sale"',
        '"https://evil.example/sale"',
        "72: 'https://evil.example/sale' is no page of the program's own hosts: anvils.example, www",
    ),
    ('code = "banner"\n', 'code = ".."\n', "70: 'code' is '..', which no address can hold."),
    ('name = "Spring"\npartner = "barb"', 'name = "Spring"\npartner = "bob"', "77: There is no partner 'bob'."),
    ('title_en = "Returned"', "", "79: A rejection reason needs 'title_en': a text."),
    ("version = 2\nmod", "version = 3\nmod", "142: The terms 'standard' have no version 2, only 1, 3."),
    ('event_type = "sale"\n', 'event_type = "sales"\n', "89: There is no event type 'sales'. Did you mean 'sale'?"),
    ('event_type = "lead"\n', 'event_type = "sale"\n', "113: These terms have a payout for 'sale' already"),
    ('level = "order"', 'level = "basket"', "90: 'level' is 'basket'; it must be one of \"order\", \"item\"."),
    ('model = "Standard 10 %"', "", "88: A payout needs 'model': a text."),
    ('"Standard 10 %"', '"Standard; 10 %"', "91: 'model' holds a ';', which separates names in the results."),
    ('percent = "10"\n', "", "88: A payout needs 'percent' or 'fixed'."),
    ('percent = "10"\n', 'percent = "10"\nfixed = "1.00"\n', "93: A payout has either 'percent' or 'fixed', not both."),
    ('percent = "10"\n', 'percent = "10 %"\n', "92: 'percent' is '10 %'; it must be a percentage from 0 to 1000 with"),
    ('percent = "10"\n', 'percent = "-1"\n', "92: 'percent' is -1; it must be a percentage from 0 to 1000"),
    ('percent = "10"\n', "percent = 1000.0001\n", "92: 'percent' is 1000.0001; it must be a percentage from 0"),
    (
        'percent = "10"\n',
        "percent = 0.00001\n",
        "92: 'percent' is 0.00001; it must be a percentage from 0 to 1000 with at",
    ),
    ('percent = "10"\n', "percent = 1e400\n", "92: 'percent' is 1E+400; it must be a percentage"),
    ('percent = "10"\n', "percent = nan\n", "92: 'percent' is NaN; it must be a percentage"),
    ('percent = "10"\n', f"percent = 0.{'0' * 30}1\n", "92: 'percent' is 1E-31; it must be a percentage"),
    ('percent = "10"\n', f'percent = "1.{"0" * 40}1"\n', "92: 'percent' has more than 28 digits"),
    (
        '"Mobile"\n    percent = "5"',
        '"Mobile"\n    percent = "-1000.1"',
        "101: 'percent' is -1000.1; it must be a percentage",
    ),
    (
        'field = "device"',
        'field = "devise"',
        "102: There is no field 'devise'. Fields are: currency, customer_status, co",
    ),
    (
        'field = "device"',
        'fjeld = "device"',
        "102: A rule has no 'fjeld': it has 'field' and exactly one of in, not_in, gt",
    ),
    (
        'in = ["mobile"]',
        'within = ["mobile"]',
        "102: A rule has no 'within': it has 'field' and exactly one of in, not_in",
    ),
    ('in = ["mobile"]', 'gte = "5"', "102: device is a text and takes no 'gte', only: in, not_in."),
    ('in = ["mobile"]', "in = []", "102: 'in' needs at least one text."),
    ('in = ["mobile"]', 'in = [" "]', "102: 'in' is empty."),
    ('in = ["mobile"]', 'in = "mobile"', "102: 'in' is 'mobile'; it must be a list of texts"),
    (', in = ["mobile"]', "", "102: A rule has exactly one operator, this one has 0. It takes: in, not_in."),
    ('in = ["mobile"]', 'in = ["mobile"], not_in = ["x"]', "102: A rule has exactly one operator, this one has 2."),
    ('gte = "50"', 'in = ["50"]', "102: order_total is a number and takes no 'in', only: gte, gt, lte, lt."),
    ('gte = "50"', 'gte = "50.00001"', "102: 'gte' is 50.00001; it must be a number below 10^15 with at most four"),
    ('gte = "50"', "gte = 1000000000000000", "102: 'gte' is 1000000000000000; it must be a number below 10^15"),
    ('field = "device", in', 'field = "currency", in', "102: 'mobile' is no currency of ISO 4217."),
    ('USD = "-1.00"', 'USD = "-1.001"', "106: 'amount' is wrong: -1.001 has more decimals than USD, which has 2."),
    ('USD = "-1.00"', 'US = "-1.00"', "106: 'amount' is wrong: 'US' is no currency of ISO 4217."),
    ('JPY = "100"', 'JPY = "1000000000000000"', "106: 'amount' is wrong: 1000000000000000 JPY is too large"),
    ('{ USD = "-1.00", JPY = "100" }', "{}", "106: 'amount' names no currency."),
    ('{ USD = "-1.00", JPY = "100" }', '["1.00"]', "106: 'amount' is a list; it must be an amount such as"),
    ('"No gift cards"', '"event_type_not_paid"', "109: 'event_type_not_paid' stands for another reason"),
    ('fixed = "5.00"', 'fixed = "-5.00"', "116: 'fixed' is -5.00; it must not be negative."),
    ('fixed = "5.00"', 'fixed = "5,00"', "116: 'fixed' is '5,00'; it must be an amount such as"),
    (
        "early_opt_in = true",
        'early_opt_in = true\n[[terms]]\ncode = "standard"\nversion = 1',
        "125: Version 1 of the te",
    ),
    ("early_opt_in = true", 'early_opt_in = "yes"', "122: 'early_opt_in' is 'yes'; it must be true or false."),
    ('[[contract]]\npartner = "barb"', '[[contract]]\npartner = "b"', "128: There is no partner 'b'."),
    ('labels = ["Preferred"]', 'labels = "Preferred"', "129: 'labels' is 'Preferred'; it must be a list of texts."),
    (
        "ends_at = 2026-07-01T00:00:00Z",
        "ends_at = 2026-08-01T00:00:00Z",
        "140: The period overlaps the one from 2026-01-01 00:00:00+00:00 on.",
    ),
    ("ends_at = 2026-07-01T00:00:00Z", "", "140: The period overlaps the one from 2026-01-01 00:00:00+00:00 on."),
    ('terms = "standard"\n  version = 1', 'terms = "special"\n  version = 1', "134: There is no terms 'special'."),
]


@pytest.mark.parametrize(("right", "wrong", "expected"), WRONG, ids=lambda text: text[:40])
def test_one_mistake_is_one_error_in_its_line(right: str, wrong: str, expected: str) -> None:
    text = EXAMPLE.read_text()
    assert right in text
    found = errors_of(text.replace(right, wrong, 1))
    assert len(found) == 1
    assert found[0].startswith(expected)


def test_all_errors_are_found_at_once_in_the_order_of_their_lines() -> None:
    text = EXAMPLE.read_text()
    for right, wrong in (
        ("format = 1\n", "format = 1\n[[partners]]\n"),
        ('"USD"\n', '"EURO"\n'),
        ('field = "device"', 'field = "devise"'),
        ('terms = "standard"\n  version = 1', 'terms = "standrad"\n  version = "1"'),
    ):
        assert right in text
        text = text.replace(right, wrong, 1)
    found = errors_of(text)
    assert [(int(line), message[:24]) for line, message in (error.split(": ", 1) for error in found)] == [
        (3, "The file has no 'partner"),
        (9, "'EURO' is no currency of"),
        (103, "There is no field 'devis"),
        (135, "There is no terms 'standr"[:24]),
        (136, "'version' is '1'; it must"[:24]),
    ]


def test_an_error_says_where_in_the_line() -> None:
    text = EXAMPLE.read_text().replace('field = "order_total"', 'field = "order_totl"')
    with pytest.raises(FileErrors) as caught:
        parse_program("dir/p.toml", text.encode())
    [line] = str(caught.value).splitlines()
    column = text.splitlines()[101].index('field = "order_totl"') + 1
    assert line.startswith(f"dir/p.toml:102:{column}: There is no field 'order_totl'. Fields are: currency, ")
    assert line.endswith("order_total, item_total, quantity.")


def test_lists_over_several_lines_and_dotted_keys_have_their_lines() -> None:
    text = EXAMPLE.read_text().replace('["mobile"]', '[\n  "mobile", # ü\n  5,\n]').replace("retention_days = 400", "")
    text = text.replace('timezone = "America/New_York"', 'timezone = "UTC"\ntracking.retention_days = -1')
    text = text.replace("[program.tracking]", "[program.tracking.more]")
    assert [error.split(":")[0] for error in errors_of(text)] == ["10", "14", "105"]


def test_windows_line_ends_and_a_byte_order_mark_change_nothing() -> None:
    content = EXAMPLE.read_bytes()
    assert parse_program("p.toml", b"\xef\xbb\xbf" + content.replace(b"\n", b"\r\n")) == read_program(EXAMPLE)


SYNTAX = [
    ("", ["1: The file needs 'format': 1."]),
    ("format = 1", ["1: The file needs a table [program]."]),
    ("format = 1\nprogram = 1", ["2: 'program' is 1; it must be a table [program]."]),
    ("format = 1\n[program", ["2: This is not valid TOML: "]),
    ("format = \n[program]\ncode = x\n", ["1: This is not valid TOML: Inv", "3: This is not valid TOML: Inv"]),
    ("[program]\ncode = 1\ncode = 2\n", ["3: This is not valid TOML: Cannot overwrite a value."]),
    ("[program]\n[program]\n", ["2: This is not valid TOML: Cannot declare ('program',) twice."]),
    ('a = "never closed', ["1: This is not valid TOML: "]),
    ('a = """\nnever\nclosed', ["3: This is not valid TOML: "]),
    ("a = 2026-02-30T00:00:00Z", ["1: This is not valid TOML: "]),
    (f"a = {'[' * 5000}", ["1: This is not valid TOML: a value is too large or too deeply nested"]),
    (f"a = {'9' * 5000}", ["1: This is not valid TOML: a value is too large or too deeply nested"]),
    ("a = 1\nb = \ud83d".encode("utf-8", "surrogatepass"), ["2: The file is not UTF-8. Save it as UTF-8."]),
    ("a = 1\n".encode("utf-16"), ["1: The file is not UTF-8. Save it as UTF-8."]),
    ("a = 1\nb = '\0'\n", ["2: This is not valid TOML: "]),
]


@pytest.mark.parametrize(("text", "expected"), SYNTAX, ids=lambda text: repr(text)[:30])
def test_what_is_no_toml(text: str | bytes, expected: list[str]) -> None:
    found = errors_of(text)
    assert len(found) == len(expected)
    assert all(error.startswith(start) for error, start in zip(found, expected, strict=True)), found


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(FileErrors) as caught:
        read_program(tmp_path / "p.toml")
    assert str(caught.value) == f"{tmp_path}/p.toml:1:1: The file cannot be read: No such file or directory."
