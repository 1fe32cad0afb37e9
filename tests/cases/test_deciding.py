"""Specs 10, 20 and 80 together: a program file, a few orders, and what each result says."""

from dataclasses import replace

from accredit.engine.program import Program
from accredit.files.program_file import parse_program
from tests.cases.told import GROUP_LETTERS, winner
from tests.factories.crediting import is_partner
from tests.factories.implementations import Implementation
from tests.factories.tables import Row, instant, minor, table
from tests.reference.facts import Click, Conversion, Item

PROGRAM = """
    format = 1
    [program]
    code = "anvils"
    name = "Anvil Shop"
    advertiser = "ACME"
    currency = "USD"
    timezone = "America/New_York"
    referral_window_days = 30

    [[event_type]]
    code = "sale"
    [event_type.customer_status]
    New = ["N", "first order"]
    "Winback" = ["winback"]
    [[event_type]]
    code = "lead"

    [[partner]]
    code = "Barb"
    name = "Barb Dwyer"
    [[partner]]
    code = "Carl"
    name = "Carl Cash"

    [[channel]]
    code = "email"
    name = "E-mail"
    credit_group = "standard"

    [[promo_code]]
    code = "B10"
    match = "exact"
    partner = "Barb"
    policy = "winner"

    [[terms]]
    code = "standard"
    version = 1
      [[terms.payout]]
      event_type = "sale"
      level = "item"
      model = "Default"
      percent = "10"
        [[terms.payout.group]]
        model = "New 15 %"
        percent = "15"
        when = [{ field = "customer_status", in = ["New"] }]
        [[terms.payout.adjustment]]
        name = "Mobile"
        percent = "5"
        when = [{ field = "device", in = ["mobile"] }]
        [[terms.payout.adjustment]]
        name = "Large"
        amount = "1.00"
        when = [{ field = "item_total", gte = "50" }]
        [[terms.payout.restriction]]
        name = "No cards"
        when = [{ field = "category", in = ["card"] }]

    [[contract]]
    partner = "Barb"
      [[contract.period]]
      starts_at = 2026-01-01T00:00:00Z
      terms = "standard"
      version = 1

    [[contract]]
    partner = "Carl"
      [[contract.period]]
      starts_at = 2026-01-01T00:00:00Z
      terms = "standard"
      version = 1
      credit_group = "non-preferred"
"""
CLICKS = """
    click | at   | visitor | party | device
    b1    | T-2d | one     | Barb  | mobile
    e1    | T-1d | one     | email | -
    e2    | T-1d | two     | email | -
    c1    | T-1h | two     | Carl  | -
    c2    | T-1h | three   | Carl  | mobile
"""
ORDERS = """
    order_token | event_type | visitor | codes      | status  | category | turnover
    1           | sale       | one     | -          | N       | -        | 100
    2           | sale       | one     | b10        | winback | card     | 100
    3           | sale       | one     | -          | Unheard | -        | 100
    4           | lead       | one     | -          | NEW     | -        | 100
    5           | sale       | two     | B10        | -       | -        | 100
    6           | sale       | three   | B10        | New     | -        | 100
    7           | sale       | three   | B10;NOBODY | -       | card     | 30
    8           | sale       | four    | -          | -       | -        | 100
"""
ITEMS = """
    order_token | item_id | category | turnover
    3           | 9       | anvil    | 10
    3           | 10      | card     | 20
    3           | 11      | anvil    | 50
"""
RESULTS = """
    order | credit to | code | group | terms    | status  | commission | model    | adjustments  | restriction
    1     | Barb      | -    | P     | standard | New     | 16.75      | New 15 % | Mobile;Large | -
    2     | Barb      | B10  | P     | standard | Winback | 0.00       | -        | -            | No cards
    3     | Barb      | -    | P     | standard | Unheard | 7.30       | Default  | Mobile;Large | No cards
    4     | Barb      | -    | P     | standard | New     | 0.00       | -        | -            | event_type_not_paid
    5     | email     | -    | S     | -        | -       | 0.00       | -        | -            | -
    6     | Carl      | -    | N     | standard | New     | 16.75      | New 15 % | Mobile;Large | -
    7     | Carl      | -    | N     | standard | -       | 0.00       | -        | -            | No cards
    8     | nobody    | -    | -     | -        | -       | 0.00       | -        | -            | -
"""


def results(implementation: Implementation, program: Program) -> list[Row]:
    """What each order of the tables comes to, in the words of a table."""
    lines = table(ORDERS)
    numbers = {line["order_token"]: number for number, line in enumerate(lines)}
    decision = implementation.decide(
        program,
        [
            Conversion(
                event_type=line["event_type"],
                order_token=line["order_token"],
                occurred_at=instant("T"),
                visitor_id=line["visitor"],
                promo_code=line["codes"] or None,
                customer_status_word=line["status"] or None,
                category=line["category"] or None,
                turnover_minor=minor(line["turnover"], "USD"),
            )
            for line in lines
        ],
        [
            Click(
                click_id=line["click"],
                clicked_at=instant(line["at"]),
                visitor_id=line["visitor"],
                partner=line["party"] if is_partner(line["party"]) else None,
                channel=None if is_partner(line["party"]) else line["party"],
                device=line["device"] or None,
            )
            for line in table(CLICKS)
        ],
        [
            Item(
                conversion=numbers[line["order_token"]],
                item_id=line["item_id"],
                category=line["category"],
                turnover_minor=minor(line["turnover"], "USD"),
            )
            for line in table(ITEMS)
        ],
    )
    return [
        {
            "order": order.order_token,
            "credit to": winner(credit),
            "code": credit.promo_code or "",
            "group": GROUP_LETTERS[credit.credit_group],
            "terms": credit.terms or "",
            "status": order.customer_status or "",
            "commission": f"{summary.commission_minor // 100}.{summary.commission_minor % 100:02}",
            "model": summary.model or "",
            "adjustments": summary.adjustments or "",
            "restriction": summary.restriction or "",
        }
        for order, credit, summary in zip(decision.conversions, decision.credits, decision.summaries, strict=True)
    ]


def test_a_program_from_its_file(implementation: Implementation) -> None:
    """Nothing assigned is preferred; the click's device, the mapped status and the items count in the rules."""
    program = parse_program("program.toml", PROGRAM.encode())
    assert results(implementation, program) == table(RESULTS)


def test_codes_owned_exclusively(implementation: Implementation) -> None:
    """Spec 20: a foreign code under `invalid` pays 0.00, the terms named and no model; before everything else."""
    program = replace(parse_program("program.toml", PROGRAM.encode()), foreign_promo_code="invalid")
    blocked = {"commission": "0.00", "model": "", "adjustments": "", "restriction": "foreign_promo_code"}
    expected = [{**row, **blocked} if row["order"] in ("6", "7") else row for row in table(RESULTS)]
    assert results(implementation, program) == expected
