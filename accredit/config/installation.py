"""This installation, ready for one command: its database answers and has its tables, and Django is set up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from accredit.config import environment
from accredit.database import embedded


class TablesMissing(RuntimeError):
    """One's own database lacks tables or columns of this release. The message says what to do."""


@contextmanager
def installation() -> Iterator[None]:
    """Within the block Django works. The embedded server is started unless it runs, and stopped again; its tables are
    brought up to date. Raises DatabaseNotStarted, and TablesMissing where a server of one's own lags behind."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accredit.config.settings")
    with ExitStack() as stack:
        own = environment.own_database_url()
        if not own:
            stack.enter_context(embedded.running(embedded.cluster_in(environment.state_folder())))
        import django

        django.setup()
        if _tables_lag():
            if own:
                raise TablesMissing("The database lacks tables of this release: run `accredit prepare`")
            subprocess.run([sys.executable, "-m", "accredit", "prepare"], check=True)
        yield


def prepare() -> None:
    """Bring the tables up to date, as the owner of the database, and gather the files that pages load. Call it in a
    process that has not set up Django yet."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "accredit.config.settings"
    with ExitStack() as stack:
        if not environment.own_database_url():
            stack.enter_context(embedded.running(embedded.cluster_in(environment.state_folder())))
        import django
        from django.conf import settings
        from django.core.management import call_command

        settings.DATABASES["default"].update(environment.database(settings.DATABASE_OWNER_URL))
        django.setup()
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)


def _tables_lag() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
