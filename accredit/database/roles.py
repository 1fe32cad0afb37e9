"""What the application's role may do, as operations of migrations.

Migrations run as the owner. Every table they make can be read and written by the application (`database.0001`), unless
its migration says `AppendOnly("table")` after making it, and `NeverEmptied("table")` where it is kept for good.
"""

from django.conf import settings
from django.db.migrations.operations.special import RunSQL


def application_role() -> str:
    """The application's role, quoted for SQL."""
    return '"' + str(settings.DATABASE_APPLICATION_ROLE).replace('"', '""') + '"'


class AppendOnly(RunSQL):
    """The application may add rows to `table` (a quoted or plain SQL name) and read them, and nothing else."""

    def __init__(self, table: str) -> None:
        self.table = table
        role = application_role()
        super().__init__(
            f"revoke update, delete, truncate on {table} from {role}",
            f"grant update, delete on {table} to {role}",
        )

    def deconstruct(self) -> tuple[str, list[str], dict[str, str]]:
        """How a written migration names this operation."""
        return type(self).__qualname__, [self.table], {}


class NeverEmptied(RunSQL):
    """Nobody truncates `table`, not even its owner: triggers of rows do not see it."""

    def __init__(self, table: str) -> None:
        self.table = table
        super().__init__(
            f"create trigger never_emptied before truncate on {table} for each statement"
            " execute function refuse_change()",
            f"drop trigger never_emptied on {table}",
        )

    def deconstruct(self) -> tuple[str, list[str], dict[str, str]]:
        """How a written migration names this operation."""
        return type(self).__qualname__, [self.table], {}
