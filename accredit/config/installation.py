"""This installation, ready for one command: its database answers and has its tables, and Django is set up."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from accredit.config import environment
from accredit.database import embedded

OLDEST_POSTGRESQL = 16


class DatabaseNotReady(RuntimeError):
    """The database does not answer, is too old, or lacks tables of this release. The message says what to do."""


@contextmanager
def installation() -> Iterator[None]:
    """Within the block Django works. The embedded server is started unless it runs, and stopped again; its tables are
    brought up to date. Raises DatabaseNotStarted; DatabaseNotReady, also where a server of one's own lags behind."""
    with _server():
        import django

        django.setup()
        _connect()
        if _tables_lag():
            if environment.own_database_url():
                raise DatabaseNotReady("The database lacks tables of this release: run `accredit prepare`")
            if subprocess.run([sys.executable, "-m", "accredit", "prepare"], check=False).returncode:
                raise DatabaseNotReady("The tables could not be brought up to date; the reason stands above")
        yield


def prepare() -> None:
    """Bring the tables up to date, as the owner of the database, and gather the files that pages load. Call it in a
    process that has not set up Django yet. Raises DatabaseNotStarted and DatabaseNotReady."""
    with _server():
        import django
        from django.conf import settings
        from django.core.management import call_command

        settings.DATABASES["default"].update(environment.database(settings.DATABASE_OWNER_URL))
        django.setup()
        _connect()
        call_command("migrate", verbosity=0, interactive=False)
        call_command("collectstatic", verbosity=0, interactive=False)


@contextmanager
def _server() -> Iterator[None]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "accredit.config.settings")
    if environment.own_database_url():
        yield
    else:
        with embedded.running(embedded.cluster_in(environment.state_folder())):
            yield


def _connect() -> None:
    from django.db import OperationalError, connection

    try:
        connection.ensure_connection()
    except OperationalError as error:
        raise DatabaseNotReady(f"The database does not answer: {error}") from error
    version = connection.get_database_version()
    if version < (OLDEST_POSTGRESQL,):
        raise DatabaseNotReady(f"The database is PostgreSQL {version[0]}: Accredit needs {OLDEST_POSTGRESQL} or newer")


def _tables_lag() -> bool:
    from django.db import connection
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connection)
    return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))
