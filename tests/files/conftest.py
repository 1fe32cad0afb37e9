from collections.abc import Callable
from pathlib import Path

import pytest

from tests.factories.tables import table


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """A text table, or bytes, as a file."""

    def write(content: str | bytes, name: str = "t.csv") -> Path:
        path = tmp_path / name
        if isinstance(content, bytes):
            path.write_bytes(content)
        else:
            rows = table(content)
            header = [cell.strip() for cell in content.strip().splitlines()[0].split("|")]
            path.write_text("".join(",".join(cells) + "\n" for cells in [header, *(row.values() for row in rows)]))
        return path

    return write
