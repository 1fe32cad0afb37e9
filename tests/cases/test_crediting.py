"""Spec 10: who gets the credit. Every worked case and every rule, against the engine and the reference."""

from dataclasses import replace

import pytest

from tests.cases.told import expect_credits, expect_explanations, winner
from tests.factories.crediting import journey_situation, situation
from tests.factories.implementations import Implementation
from tests.factories.tables import Row, instant, table
from tests.reference.facts import Click

WORKED_CASES = table("""
    journey                      | codes                                    | credit to
    display(N) > email(P) > A(S) | -                                        | email
    display(N) > A(S)            | -                                        | A
    B(P)                         | A10 of A(S) always                       | B
    B(P)                         | A10 of A(P) always                       | A
    B(P)                         | A10 of A(P) involved                     | B
    A(P) > B(P)                  | A10 of A(P) involved                     | A
    B(S)                         | A10 of A(S) always                       | A
    email(P) > A(S)              | -                                        | email
    A > B(S)                     | -                                        | A
    email > B(S)                 | -                                        | email
    A(P)@T-31d > B(N)@T-1d       | -                                        | B
    A(P)@T-30d                   | -                                        | nobody
    A(P)@T-30d > B(N)@T-1d       | -                                        | B
    A(P)@T-30d+1us > B(N)@T-1d   | -                                        | A
    A(P)@T                       | -                                        | A
    A(P)@T > B(P)@T-1us          | -                                        | A
    A(P)@T+1us                   | -                                        | nobody
    B(N)@T-1d > A(P)@T+1us       | -                                        | B
    -                            | -                                        | nobody
    -                            | A10 of A(N) always                       | A
    -                            | A10 of A(P) involved                     | nobody
    -                            | A10 of A(P) winner                       | nobody
    A(P) > B(P)                  | A10 of A(P) winner                       | B
    B(P) > A(P)                  | A10 of A(P) winner                       | A
    A(P)@T-30d > B(P)@T-1d       | A10 of A(P) involved                     | B
    A(P)@T+1us > B(P)@T-1d       | A10 of A(P) involved                     | B
    A(N) > B(S)                  | A10 of A(N) involved                     | B
    A(S) > B(S) > C(S)           | A10 of A involved, B10 of B always       | A
    A(S) > B(S) > C(S)           | B10 of B always, A10 of A involved       | B
    B(S)                         | A10 of A(N) always, C10 of C(S) always   | C
    B(S)                         | A10 of A(S) involved, C10 of C(S) always | C
    email(P)                     | A10 of A(P) always                       | A
    email(P)                     | A10 of A(S) always                       | email
""")


@pytest.mark.parametrize("case", WORKED_CASES, ids=lambda row: f"{row['journey']} | {row['codes']}")
def test_worked_cases(implementation: Implementation, case: Row) -> None:
    given = journey_situation(case["journey"], case["codes"])
    credits, _ = implementation.credit(given.program, given.conversions, given.clicks)
    assert winner(credits[0]) == case["credit to"]


def test_what_a_credit_names(implementation: Implementation) -> None:
    """Rules 2, 5 and 6; the result of spec 80."""
    given = situation(
        parties="""
            party | group
            A     | S
            B     | P
            email | N
        """,
        codes="""
            code | owner | policy
            A10  | A     | always
            B10  | B     | winner
        """,
        clicks="""
            click | visitor | party | at
            a1    | one     | A     | T-3h
            a2    | one     | A     | T-2h
            e1    | one     | email | T-1h
            b1    | two     | B     | T-2h
            e2    | three   | email | T-1h
        """,
        orders="""
            order | visitor | codes
            1     | one     | a10
            2     | one     | -
            3     | four    | A10
            4     | two     | x;b10
            5     | two     | -
            6     | three   | B10
            7     | four    | B10
        """,
    )
    expect_credits(
        implementation,
        given,
        """
            order | credit to | click | reason       | code | group | terms    | blocked
            1     | A         | a2    | promo_code   | A10  | S     | standard | -
            2     | A         | a2    | last_click   | -    | S     | standard | -
            3     | A         | -     | promo_code   | A10  | S     | standard | -
            4     | B         | b1    | last_click   | B10  | P     | standard | -
            5     | B         | b1    | last_click   | -    | P     | standard | -
            6     | email     | e2    | last_click   | -    | N     | -        | -
            7     | nobody    | -     | no_candidate | -    | -     | -        | -
        """,
    )


def test_two_clicks_at_one_instant(implementation: Implementation) -> None:
    """Rule 4: the greater click id, as text, whatever the order of the rows."""
    given = situation(
        parties="party | group\nA | P\nB | P\nC | P",
        clicks="""
            click | party | at
            10    | A     | T-1h
            9     | B     | T-1h
            8     | C     | T-1h
        """,
        orders="order\n1",
    )
    expected = """
        rank | party | click | outcome       | without
        1    | B     | 9     | won           | partner:C
        2    | C     | 8     | earlier_click | -
        3    | A     | 10    | earlier_click | -
    """
    expect_explanations(implementation, given, expected)
    expect_explanations(implementation, replace(given, clicks=given.clicks[::-1]), expected)


def test_whose_clicks_count(implementation: Implementation) -> None:
    """The visitor's own; without one, those of the visitor of the named click; with both, the clicks of both.
    A click id that is not known is ignored, and a click of nobody counts only where it is named."""
    given = situation(
        parties="party | group\nA | P\nB | P\nC | P",
        clicks="""
            click | visitor | party | at
            a1    | one     | A     | T-3h
            a2    | one     | A     | T-1h
            b1    | two     | B     | T-2h
            c1    | none    | C     | T-1min
            c2    | none    | C     | T-5h
        """,
        orders="""
            order | visitor | click
            1     | one     | -
            2     | none    | a1
            3     | two     | a1
            4     | two     | a-9
            5     | none    | a-9
            6     | none    | c1
            7     | two     | c2
            8     | two     | b1
            9     | none    | -
            10    | three   | -
        """,
    )
    expect_explanations(
        implementation,
        given,
        """
            order | rank | click | outcome
            1     | 1    | a2    | won
            1     | 2    | a1    | earlier_click
            2     | 1    | a2    | won
            2     | 2    | a1    | earlier_click
            3     | 1    | a2    | won
            3     | 2    | b1    | earlier_click
            3     | 3    | a1    | earlier_click
            4     | 1    | b1    | won
            6     | 1    | c1    | won
            7     | 1    | b1    | won
            7     | 2    | c2    | earlier_click
            8     | 1    | b1    | won
        """,
    )


def test_the_period_live_at_the_order_counts(implementation: Implementation) -> None:
    """Rule 7: group and window of the period live at T, `[from, to)`, whatever held when the click was made."""
    given = situation(
        parties="""
            party | from  | to    | group | window
            A     | T-90d | T-10d | P     | 30
            A     | T-10d | T     | N     | 5
            A     | T     | T+10d | S     | 30
            A     | T+20d | -     | P     | 1
            B     | T-90d | -     | S     | 30
        """,
        clicks="""
            click | party | at
            a1    | A     | T-8d
            b1    | B     | T-9d
        """,
        orders="""
            order | at
            1     | T-1us
            2     | T
            3     | T+10d-1us
            4     | T+10d
            5     | T+20d
        """,
    )
    expect_explanations(
        implementation,
        given,
        """
            order | rank | click | group | outcome
            1     | 1    | b1    | S     | won
            1     | 2    | a1    | N     | outside_referral_window
            2     | 1    | a1    | S     | won
            2     | 2    | b1    | S     | earlier_click
            3     | 1    | a1    | S     | won
            3     | 2    | b1    | S     | earlier_click
            4     | 1    | b1    | S     | won
            4     | 2    | a1    | -     | no_live_contract
            5     | 1    | b1    | S     | won
            5     | 2    | a1    | P     | outside_referral_window
        """,
    )


def test_a_partner_whose_contract_ended(implementation: Implementation) -> None:
    given = situation(
        parties="""
            party | from  | to | group
            A     | T-90d | T  | P
            B     | T-90d | -  | N
        """,
        clicks="""
            click | party | at
            b1    | B     | T-2d
            a1    | A     | T-1d
        """,
        orders="order\n1",
    )
    expect_credits(implementation, given, "credit to\nB")


def test_a_channel_with_periods_is_a_candidate_inside_one_only(implementation: Implementation) -> None:
    given = situation(
        parties="""
            party | from  | to   | group | window
            email | T-90d | T-1d | P     | 30
            email | T-1d  | T    | S     | 2
            paid  | -     | -    | N     | 3
        """,
        clicks="""
            click | party | at
            e1    | email | T-3d
            e2    | email | T-2d
            p1    | paid  | T-3d
            p2    | paid  | T-2d
        """,
        orders="""
            order | at
            1     | T-1d-1us
            2     | T-1d
            3     | T-1us
            4     | T
        """,
    )
    expect_explanations(
        implementation,
        given,
        """
            order | rank | party | click | group | outcome
            1     | 1    | email | e2    | P     | won
            1     | 2    | email | e1    | P     | earlier_click
            1     | 3    | paid  | p2    | N     | lower_credit_group
            1     | 4    | paid  | p1    | N     | lower_credit_group
            2     | 1    | email | e2    | S     | won
            2     | 2    | paid  | p2    | N     | lower_credit_group
            2     | 3    | paid  | p1    | N     | lower_credit_group
            2     | 4    | email | e1    | S     | outside_referral_window
            3     | 1    | email | e2    | S     | won
            3     | 2    | paid  | p2    | N     | lower_credit_group
            3     | 3    | paid  | p1    | N     | lower_credit_group
            3     | 4    | email | e1    | S     | outside_referral_window
            4     | 1    | paid  | p2    | N     | won
            4     | 2    | email | e2    | -     | no_live_contract
            4     | 3    | paid  | p1    | N     | outside_referral_window
            4     | 4    | email | e1    | -     | no_live_contract
        """,
    )


def test_the_order_takes_from_the_winning_click_what_it_lacks(implementation: Implementation) -> None:
    """Spec 20: ad, device and the sub ids are the order's own, else the winning click's; so is the project."""
    given = journey_situation("A(P) > B(P)", "")
    first, last = given.clicks
    clicks = [
        replace(first, ad="other", device="desktop", sub_id1="x", sub_id2="y"),
        replace(last, ad="banner", device="mobile", project="spring", sub_id1="s1", sub_id6="s6"),
    ]
    order = replace(given.conversions[0], device="tablet", sub_id6="own")
    stranger = replace(order, visitor_id="stranger")
    credits, _ = implementation.credit(given.program, [order, stranger], clicks)
    assert [(one.ad, one.project, one.device, one.sub_id1, one.sub_id2, one.sub_id6) for one in credits] == [
        ("banner", "spring", "tablet", "s1", None, "own"),
        (None, None, "tablet", None, None, "own"),
    ]


def test_a_code_without_a_click_takes_nothing_from_other_clicks(implementation: Implementation) -> None:
    given = journey_situation("B(P)", "A10 of A(P) always")
    clicks = [replace(click, ad="banner", device="mobile") for click in given.clicks]
    [credit], _ = implementation.credit(given.program, given.conversions, clicks)
    assert (credit.partner, credit.click_id, credit.clicked_at, credit.ad, credit.device) == (
        "A",
        None,
        None,
        None,
        None,
    )


def test_days_are_24_hours_when_the_clocks_change(implementation: Implementation) -> None:
    """Rule 1: New York lost an hour on 8 March 2026; a window of one day is 24 hours all the same."""
    given = journey_situation("A(P)", "")
    program = replace(
        given.program,
        contracts=tuple(
            replace(one, periods=tuple(replace(period, referral_window_days=1) for period in one.periods))
            for one in given.program.contracts
        ),
    )
    order = replace(given.conversions[0], occurred_at=instant("T+7d+12h"))
    click = given.clicks[0]
    inside, outside = replace(click, clicked_at=instant("T+6d+12h+1us")), replace(click, clicked_at=instant("T+6d+12h"))
    assert [winner(implementation.credit(program, [order], [one])[0][0]) for one in (inside, outside)] == [
        "A",
        "nobody",
    ]


def test_nothing_in_nothing_out(implementation: Implementation) -> None:
    given = journey_situation("A(P)", "A10 of A always")
    assert implementation.credit(given.program, [], given.clicks) == ([], [])
    assert implementation.credit(given.program, [], []) == ([], [])


def test_clicks_of_others_change_nothing(implementation: Implementation) -> None:
    given = journey_situation("A(P)@T-2h", "")
    stranger = Click(click_id="s1", clicked_at=instant("T-1h"), visitor_id="stranger", partner="A")
    assert implementation.credit(given.program, given.conversions, [*given.clicks, stranger]) == implementation.credit(
        given.program, given.conversions, given.clicks
    )
