"""Spec 10, explanation: one row for every click and every code, and why. Against the engine and the reference."""

import pytest

from tests.cases.told import expect_credits, expect_explanations, winner
from tests.factories.crediting import journey_situation, situation
from tests.factories.implementations import Implementation
from tests.factories.tables import Row, table


def test_every_outcome_of_a_click(implementation: Implementation) -> None:
    given = situation(
        parties="""
            party | from  | to   | group | window
            A     | T-90d | -    | S     | 30
            B     | T-90d | -    | S     | 30
            C     | T-90d | -    | N     | 30
            D     | T-90d | T-1h | P     | 30
            E     | T-90d | -    | P     | 7
            email | -     | -    | N     | -
        """,
        clicks="""
            click | party   | at
            a1    | A       | T-3d
            a2    | A       | T+1d
            b1    | B       | T-2d
            b2    | B       | T-1d
            c1    | C       | T-1h
            d1    | D       | T-2h
            e1    | E       | T-7d
            u1    | Unknown | T-1h
            u2    | unknown | T-2h
            u3    | unknown | T+2h
            m1    | email   | T-4d
        """,
        orders="order\n1",
    )
    expect_explanations(
        implementation,
        given,
        """
            rank | party   | click | code | group | outcome                 | without
            1    | B       | b2    | -    | S     | won                     | partner:A
            2    | B       | b1    | -    | S     | earlier_click           | -
            3    | A       | a1    | -    | S     | earlier_click           | -
            4    | C       | c1    | -    | N     | lower_credit_group      | -
            5    | email   | m1    | -    | N     | lower_credit_group      | -
            6    | A       | a2    | -    | S     | after_conversion        | -
            7    | unknown | u3    | -    | -     | after_conversion        | -
            8    | Unknown | u1    | -    | -     | unknown_partner         | -
            9    | unknown | u2    | -    | -     | unknown_partner         | -
            10   | D       | d1    | -    | -     | no_live_contract        | -
            11   | E       | e1    | -    | P     | outside_referral_window | -
        """,
    )


def test_every_outcome_of_a_code(implementation: Implementation) -> None:
    given = situation(
        parties="""
            party | from  | to | group
            A     | T-90d | -  | S
            B     | T-90d | -  | S
            C     | T-90d | -  | N
            D     | T-90d | T  | P
            F     | T-90d | -  | P
            email | -     | -  | N
        """,
        codes="""
            code | match | owner | policy   | from  | to
            A10  | exact | A     | always   | -     | -
            A20  | exact | A     | winner   | -     | -
            B10  | exact | B     | always   | -     | -
            BW   | exact | B     | winner   | -     | -
            C10  | exact | C     | always   | -     | -
            D10  | exact | D     | always   | -     | -
            F10  | exact | F     | involved | -     | -
            OLD  | exact | B     | always   | -     | T
            SOON | exact | D     | always   | T+1us | -
        """,
        clicks="""
            click | party | at
            a1    | A     | T-2h
            a2    | A     | T-1h
            m1    | email | T-30d
        """,
        orders="""
            order | codes
            1     | nonsense; OLD; soon; D10; F10, bw; c10; A10; B10; A20
        """,
    )
    expect_explanations(
        implementation,
        given,
        """
            rank | party | click | code     | group | outcome                 | without
            1    | A     | a2    | A10      | S     | won                     | partner:B
            2    | B     | -     | B10      | S     | promo_code_precedence   | -
            3    | A     | a1    | -        | S     | promo_code_precedence   | -
            4    | C     | -     | c10      | N     | lower_credit_group      | -
            5    | email | m1    | -        | N     | outside_referral_window | -
            6    | -     | -     | nonsense | -     | unknown_code            | -
            7    | B     | -     | OLD      | S     | code_not_valid          | -
            8    | D     | -     | soon     | -     | code_not_valid          | -
            9    | D     | -     | D10      | -     | no_live_contract        | -
            10   | F     | -     | F10      | P     | code_not_involved       | -
            11   | B     | -     | bw       | S     | code_not_winner         | -
            12   | A     | -     | A20      | S     | promo_code_precedence   | -
        """,
    )


def test_a_winner_code_is_named_with_the_click_that_wins(implementation: Implementation) -> None:
    given = situation(
        parties="party | group\nA | P\nB | P",
        codes="""
            code | match | owner | policy
            A10  | exact | A     | winner
            A.*  | regex | A     | winner
        """,
        clicks="""
            click | party | at
            b1    | B     | T-3h
            a1    | A     | T-2h
            a2    | A     | T-1h
        """,
        orders="""
            order | codes
            1     | AA;a10;A10
        """,
    )
    expect_credits(implementation, given, "order | credit to | click | reason | code\n1 | A | a2 | last_click | A.*")
    expect_explanations(
        implementation,
        given,
        """
            rank | party | click | code | group | outcome               | without
            1    | A     | a2    | AA   | P     | won                   | partner:B
            2    | A     | a1    | -    | P     | earlier_click         | -
            3    | B     | b1    | -    | P     | earlier_click         | -
            4    | A     | -     | a10  | P     | promo_code_precedence | -
            5    | A     | -     | A10  | P     | promo_code_precedence | -
        """,
    )


def test_a_code_that_wins_without_a_click_stands_alone(implementation: Implementation) -> None:
    given = journey_situation("B(S) > email(S)", "A10 of A(S) always")
    expect_explanations(
        implementation,
        given,
        """
            rank | party | click | code | group | outcome               | without
            1    | A     | -     | A10  | S     | won                   | channel:email
            2    | email | k2    | -    | S     | promo_code_precedence | -
            3    | B     | k1    | -    | S     | promo_code_precedence | -
        """,
    )


def test_candidates_stand_by_precedence(implementation: Implementation) -> None:
    """Credit groups first; in each the codes in the order's own sequence, then the clicks, the latest first."""
    given = journey_situation(
        "A(N) > B(S) > C(P) > D(S) > A(N)",
        "B10 of B always, E10 of E(N) always, C10 of C always, F10 of F(P) always, D10 of D involved",
    )
    expect_explanations(
        implementation,
        given,
        """
            rank | party | click | code | group | outcome               | without
            1    | C     | k3    | C10  | P     | won                   | partner:F
            2    | F     | -     | F10  | P     | promo_code_precedence | -
            3    | B     | -     | B10  | S     | lower_credit_group    | -
            4    | D     | -     | D10  | S     | lower_credit_group    | -
            5    | D     | k4    | -    | S     | lower_credit_group    | -
            6    | B     | k2    | -    | S     | lower_credit_group    | -
            7    | E     | -     | E10  | N     | lower_credit_group    | -
            8    | A     | k5    | -    | N     | lower_credit_group    | -
            9    | A     | k1    | -    | N     | lower_credit_group    | -
        """,
    )


WITHOUT_WINNER = table("""
    journey                | codes                                  | credit to | without
    A(P)                   | -                                      | A         | -
    A(P) > A(P)            | -                                      | A         | -
    B(P) > A(P) > A(P)     | -                                      | A         | partner:B
    B(N) > email(S) > A(P) | -                                      | A         | channel:email
    B(P)@T-31d > A(P)@T-1d | -                                      | A         | -
    B(P)                   | A10 of A(P) always, A20 of A(P) always | A         | partner:B
    B(P) > A(P)            | A10 of A always, C10 of C(P) always    | A         | partner:C
    B(P) > A(P)            | C10 of C(S) always                     | A         | partner:B
    A(P)                   | C10 of C(N) always                     | A         | partner:C
    C(P) > B(P) > A(P)     | C10 of C winner                        | A         | partner:B
    C(S) > B(S) > A(P)     | C10 of C involved                      | A         | partner:C
    -                      | C10 of C involved                      | nobody    | -
    A(P)@T+1us             | -                                      | nobody    | -
""")


@pytest.mark.parametrize("case", WITHOUT_WINNER, ids=lambda row: f"{row['journey']} | {row['codes']}")
def test_who_would_have_won_without_the_winner(implementation: Implementation, case: Row) -> None:
    given = journey_situation(case["journey"], case["codes"])
    credits, explanations = implementation.credit(given.program, given.conversions, given.clicks)
    assert winner(credits[0]) == case["credit to"]
    assert [row.without_winner or "" for row in explanations if row.rank == 1] == [case["without"]]
    assert {row.without_winner for row in explanations if row.rank > 1} <= {None}


def test_an_order_without_journey_and_codes_has_no_explanation(implementation: Implementation) -> None:
    given = journey_situation("", "")
    assert implementation.credit(given.program, given.conversions, given.clicks)[1] == []


def test_dropped_clicks_at_one_instant(implementation: Implementation) -> None:
    given = situation(
        parties="party | group\nA | P\nB | P",
        clicks="""
            click | party | at
            10    | A     | T+1h
            9     | B     | T+1h
            ä     | B     | T+1h
            z     | B     | T+1h
        """,
        orders="order\n1",
    )
    expect_explanations(
        implementation,
        given,
        """
            rank | click | outcome
            1    | ä     | after_conversion
            2    | z     | after_conversion
            3    | 9     | after_conversion
            4    | 10    | after_conversion
        """,
    )
