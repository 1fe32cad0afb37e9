"""Credits and explanations in the words of tables."""

from tests.factories.crediting import Situation
from tests.factories.implementations import Implementation
from tests.factories.tables import Row, table
from tests.reference.crediting import Credit, Explanation
from tests.reference.facts import Conversion

GROUP_LETTERS = {"preferred": "P", "standard": "S", "non-preferred": "N", None: ""}


def winner(credit: Credit) -> str:
    return credit.partner or credit.channel or "nobody"


def told_credit(order: Conversion, credit: Credit) -> Row:
    """A credit in the words of a table."""
    return {
        "order": order.order_token,
        "credit to": winner(credit),
        "click": credit.click_id or "",
        "reason": credit.reason,
        "code": credit.promo_code or "",
        "group": GROUP_LETTERS[credit.credit_group],
        "terms": credit.terms or "",
        "blocked": "blocked" if credit.blocked else "",
    }


def told_explanation(orders: list[Conversion], row: Explanation) -> Row:
    """A row of an explanation in the words of a table."""
    return {
        "order": orders[row.conversion].order_token,
        "rank": str(row.rank),
        "party": row.partner or row.channel or "",
        "click": row.click_id or "",
        "code": row.promo_code or "",
        "group": GROUP_LETTERS[row.credit_group],
        "outcome": row.outcome,
        "without": row.without_winner or "",
    }


def expect_credits(implementation: Implementation, given: Situation, expected: str) -> None:
    """The expected table may leave columns out; it names every order."""
    wanted = table(expected)
    credits, _ = implementation.credit(given.program, given.conversions, given.clicks)
    told = [told_credit(order, credit) for order, credit in zip(given.conversions, credits, strict=True)]
    assert [{name: row[name] for name in wanted[0]} for row in told] == wanted


def expect_explanations(implementation: Implementation, given: Situation, expected: str) -> None:
    """The expected table may leave columns out; it holds every row."""
    wanted = table(expected)
    _, explanations = implementation.credit(given.program, given.conversions, given.clicks)
    told = [told_explanation(given.conversions, row) for row in explanations]
    assert [{name: row[name] for name in wanted[0]} for row in told] == wanted
