"""Text tables and the small words in their cells.

    order | at        | codes
    1     | T-1d+1us  | A10; B20

Cells are trimmed; a lone `-` is an empty cell, so that a column can be read down. `T` is the instant of the order.
"""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from accredit import money
from accredit.engine.program import CreditGroup

T = datetime(2026, 3, 1, 12, tzinfo=UTC)
UNITS = {
    "d": timedelta(hours=24),
    "h": timedelta(hours=1),
    "min": timedelta(minutes=1),
    "s": timedelta(seconds=1),
    "us": timedelta(microseconds=1),
}
GROUPS = {"P": CreditGroup.PREFERRED, "S": CreditGroup.STANDARD, "N": CreditGroup.NON_PREFERRED}

Row = dict[str, str]


def table(text: str) -> list[Row]:
    """The rows of a text table, each as column → cell."""
    lines = [line for line in text.splitlines() if line.strip()]
    if not lines:
        return []
    header, *body = [[cell.strip() for cell in line.split("|")] for line in lines]
    rows = []
    for cells in body:
        assert len(cells) == len(header), f"{len(header)} columns, but {len(cells)} cells in {cells}"
        rows.append({name: "" if cell == "-" else cell for name, cell in zip(header, cells, strict=True)})
    return rows


def instant(text: str) -> datetime:
    """`T`, `T-30d`, `T-30d+1us`."""
    assert re.fullmatch(r"T([+-]\d+(d|h|min|s|us))*", text), f"no instant: {text!r}"
    steps = re.findall(r"([+-]\d+)(d|h|min|s|us)", text)
    return T + sum((int(count) * UNITS[unit] for count, unit in steps), timedelta())


def minor(amount: str, currency: str) -> int:
    """`12.50`, `USD` → 1250."""
    return money.to_minor(Decimal(amount), currency)
