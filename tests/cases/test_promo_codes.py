"""Spec 10, promo codes: whose a code is, and foreign codes. Against the engine and the reference."""

from dataclasses import replace
from typing import Literal

import pytest

from tests.cases.told import expect_credits, expect_explanations, winner
from tests.factories.crediting import journey_situation, situation
from tests.factories.implementations import Implementation
from tests.factories.tables import Row, table


def test_which_definition_a_code_belongs_to(implementation: Implementation) -> None:
    """Exact without regard to case and outer blanks, regex as `^(?:…)$` on the trimmed code with regard to case; the
    exact one goes first, else the first by its text; definitions not valid at T are left out before."""
    given = situation(
        parties="party | group\nA | P\nB | P\nC | P\nD | P",
        codes="""
            code       | match | owner | policy | from | to
            SAVE10     | exact | A     | always | T    | T+1d
            SAVE[0-9]+ | regex | B     | always | -    | -
            SAVE.*     | regex | C     | always | -    | -
            ÄRGER      | exact | A     | always | -    | -
            X          | exact | A     | always | -    | T
            X          | exact | B     | always | T    | -
            a(b        | exact | D     | always | -    | -
        """,
        orders="""
            order | at       | visitor | codes
            1     | T        | none    | SAVE10
            2     | T        | none    | save10
            3     | T+1d-1us | none    | SAVE10
            4     | T+1d     | none    | SAVE10
            5     | T-1us    | none    | SAVE10
            6     | T+1d     | none    | save10
            7     | T        | none    | SAVE11
            8     | T        | none    | save11
            9     | T        | none    | SAVE-ME
            10    | T        | none    | xSAVE11
            11    | T        | none    | ärger
            12    | T        | none    | x
            13    | T-1us    | none    | x
            14    | T        | none    | A(B
            15    | T        | none    | SAVE
        """,
    )
    expect_credits(
        implementation,
        given,
        """
            order | credit to | code
            1     | A         | SAVE10
            2     | A         | SAVE10
            3     | A         | SAVE10
            4     | C         | SAVE.*
            5     | C         | SAVE.*
            6     | nobody    | -
            7     | C         | SAVE.*
            8     | nobody    | -
            9     | C         | SAVE.*
            10    | nobody    | -
            11    | A         | ÄRGER
            12    | B         | X
            13    | A         | X
            14    | D         | a(b
            15    | C         | SAVE.*
        """,
    )


def test_an_alternative_in_a_regex_is_matched_as_a_whole(implementation: Implementation) -> None:
    given = journey_situation("", "X of A(P) always")
    codes = tuple(replace(code, code="AB|CD", match="regex") for code in given.program.promo_codes)
    program = replace(given.program, promo_codes=codes)
    orders = [replace(given.conversions[0], promo_code=code) for code in ("AB", "CD", "ABD", "ACD", "AB|CD")]
    credits, _ = implementation.credit(program, orders, [])
    assert [winner(credit) for credit in credits] == ["A", "A", "nobody", "nobody", "nobody"]


def test_how_the_codes_of_an_order_are_split(implementation: Implementation) -> None:
    """At `;` and `,`, trimmed, blanks left out, each once; shown as the order carries them."""
    given = situation(
        parties="party | group\nA | P\nB | P",
        codes="""
            code | owner | policy
            A10  | A     | always
            B10  | B     | always
        """,
        orders="""
            order | codes
            1     | ;, b10 ,; A10;b10;B10, a10 ,
            2     | ;
            3     | A10 B10
        """,
    )
    expect_explanations(
        implementation,
        given,
        """
            order | rank | party | code    | outcome
            1     | 1    | B     | b10     | won
            1     | 2    | A     | A10     | promo_code_precedence
            1     | 3    | B     | B10     | promo_code_precedence
            1     | 4    | A     | a10     | promo_code_precedence
            3     | 1    | -     | A10 B10 | unknown_code
        """,
    )


FOREIGN_CODES = table("""
    journey     | codes                               | credit to | blocked
    A(P)        | B10 of B(N) always                  | A         | blocked
    A(P)        | B10 of B(P) winner                  | A         | blocked
    A(P)        | B10 of B(P) involved                | A         | blocked
    B(P) > A(P) | B10 of B(P) winner                  | A         | blocked
    A(P)        | B10 of B(P) always                  | B         | -
    B(S) > A(P) | B10 of B(S) involved                | A         | blocked
    A(P)        | B10 of B(N) always, A10 of A winner | A         | -
    A(P)        | A10 of A always, B10 of B(N) always | A         | -
    A(P)        | A10 of A winner                     | A         | -
    A(P)        | -                                   | A         | -
    email(P)    | B10 of B(N) always                  | email     | -
    -           | B10 of B(N) involved                | nobody    | -
""")


@pytest.mark.parametrize("foreign_promo_code", ["invalid", "credit"])
@pytest.mark.parametrize("case", FOREIGN_CODES, ids=lambda row: f"{row['journey']} | {row['codes']}")
def test_foreign_codes(
    implementation: Implementation, case: Row, foreign_promo_code: Literal["credit", "invalid"]
) -> None:
    given = journey_situation(case["journey"], case["codes"])
    program = replace(given.program, foreign_promo_code=foreign_promo_code)
    [credit], _ = implementation.credit(program, given.conversions, given.clicks)
    assert winner(credit) == case["credit to"]
    assert credit.blocked == (foreign_promo_code == "invalid" and case["blocked"] == "blocked")


def test_foreign_codes_by_validity_and_contract(implementation: Implementation) -> None:
    """A code not valid at T blocks nothing, an own one not valid at T saves nothing; one whose owner's contract has
    ended still blocks."""
    given = situation(
        parties="""
            party | from  | to | group
            A     | T-90d | -  | P
            B     | T-90d | T  | P
        """,
        codes="""
            code | owner | policy | from  | to
            B10  | B     | always | -     | -
            OLD  | B     | always | -     | T
            A-10 | A     | winner | T+1us | -
        """,
        clicks="click | party | at\na1 | A | T-1h",
        orders="""
            order | codes
            1     | B10
            2     | OLD
            3     | B10; A-10
            4     | nonsense
        """,
        foreign_promo_code="invalid",
    )
    expect_credits(
        implementation,
        given,
        """
            order | credit to | terms    | blocked
            1     | A         | standard | blocked
            2     | A         | standard | -
            3     | A         | standard | blocked
            4     | A         | standard | -
        """,
    )
