"""One PostgreSQL server for a whole test session, and a database in it for each of its processes.

Tests run as the application's role; the databases are made, migrated and flushed as their owner. With
ACCREDIT_DATABASE_URL they run on that server instead: its user, or that of ACCREDIT_DATABASE_OWNER_URL, makes databases
named test_….
"""

import os
import shutil
import subprocess
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.db.backends.postgresql.operations import DatabaseOperations
from psycopg import sql
from psycopg.conninfo import make_conninfo
from psycopg.pq import TransactionStatus
from pytest_django import DjangoDbBlocker

from accredit.config import environment
from accredit.database import embedded

URL, OWNER_URL = "ACCREDIT_DATABASE_URL", "ACCREDIT_DATABASE_OWNER_URL"
server = pytest.StashKey[tuple[embedded.Cluster, "subprocess.Popen[bytes]"]]()


def pytest_configure(config: pytest.Config) -> None:
    """The process that was called starts the server; the workers that it starts inherit where it is."""
    if not hasattr(config, "workerinput") and not config.option.collectonly and URL not in os.environ:
        states = environment.CHECKOUT / ".accredit" / "test"
        _remove_abandoned(states)
        cluster = embedded.cluster_in(states / str(os.getpid()))
        config.stash[server] = cluster, embedded.start(cluster, durable=False)
        os.environ[URL] = cluster.url(embedded.APPLICATION)
        os.environ[OWNER_URL] = cluster.url(embedded.OWNER)
        os.environ.setdefault("ACCREDIT_SECRET_KEY", "not secret, for tests only " * 2)
    if owner_url := environment.owner_database_url():
        application_role = environment.database(os.environ[URL])["USER"]
        settings.DATABASES["default"].update(environment.database(owner_url))
        settings.DATABASE_APPLICATION_ROLE = application_role
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    settings.STORAGES["staticfiles"] = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.WHITENOISE_AUTOREFRESH = True  # serve what is there now: nothing has been collected in a fresh checkout


def pytest_unconfigure(config: pytest.Config) -> None:
    if server in config.stash:
        cluster, process = config.stash[server]
        embedded.stop(process)
        embedded.remove(cluster)
        shutil.rmtree(cluster.state)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Workers begin with what takes long, so that they end together: files of few tests start installations, and load
    what is large. Those of browsers stand together, for the browser to start once."""
    if hasattr(config, "workerinput"):
        tests = Counter(item.path for item in items)
        items.sort(key=lambda item: ("browser" not in item.path.parts, tests[item.path], item.path))


def _remove_abandoned(states: Path) -> None:
    """Remove what sessions left that were killed."""
    for state in states.glob("*"):
        with suppress(embedded.DatabaseNotStarted, FileNotFoundError):  # it is another session's, or one just went
            embedded.remove(embedded.cluster_in(state))
            shutil.rmtree(state)


def _act_as(role: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.SQL("set role {}").format(sql.Identifier(role)))


@contextmanager
def _as_owner() -> Iterator[None]:
    _act_as(settings.DATABASES["default"]["USER"])
    try:
        yield
    finally:
        if connection.connection.info.transaction_status != TransactionStatus.INERROR:
            _act_as(settings.DATABASE_APPLICATION_ROLE)


def _empty_plain_tables() -> None:
    """Django's flush knows the tables of models alone; the logs are none."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select relname from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')"
            " and not relispartition and (relname like 'tracking\\_%' or relname like 'ledger\\_%'"
            " or relname = 'access_cache')"
        )
        names = sql.SQL(", ").join(sql.Identifier(name) for (name,) in cursor.fetchall())
        cursor.execute(sql.SQL("truncate {} cascade").format(names))


def _let_tables_be_emptied() -> None:
    """What is kept for good is emptied after a test that commits; one test switches the triggers on again."""
    with connection.cursor() as cursor:
        cursor.execute("select tgrelid::regclass::text from pg_trigger where tgname = 'never_emptied'")
        for (table,) in cursor.fetchall():
            cursor.execute(f"alter table {table} disable trigger never_emptied")


@pytest.fixture(scope="session")
def as_owner() -> Callable[[], AbstractContextManager[None]]:
    """`with as_owner():` the test's connection acts as the database's owner, who may change tables."""
    return _as_owner


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> Iterator[None]:
    """The databases of the tests, made by pytest-django as their owner; from then on connections act as the
    application, and processes that a test starts find the same database."""
    flush = DatabaseOperations.execute_sql_flush
    database = settings.DATABASES["default"]

    def flush_as_owner(operations: DatabaseOperations, statements: Iterable[str]) -> None:
        with _as_owner():
            flush(operations, statements)
            _empty_plain_tables()

    with django_db_blocker.unblock():
        _let_tables_be_emptied()
    patch = pytest.MonkeyPatch()
    patch.setattr(DatabaseOperations, "execute_sql_flush", flush_as_owner)
    # Permissions of Django's own, which nobody asks for, would be made anew after every test that commits.
    patch.setattr("django.core.management.commands.flush.emit_post_migrate_signal", lambda *_: None)
    connection.close()
    database["OPTIONS"]["options"] = f"-c role={settings.DATABASE_APPLICATION_ROLE}"
    urls = {name: os.environ[name] for name in (URL, OWNER_URL) if name in os.environ}
    os.environ.update({name: make_conninfo(url, dbname=str(database["NAME"])) for name, url in urls.items()})
    yield
    os.environ.update(urls)
    connection.close()
    del database["OPTIONS"]["options"]
    patch.undo()


@pytest.fixture(scope="module")
def open_folder() -> Iterator[Path]:
    """A temporary folder that the user whom PostgreSQL runs as may pass through: pytest's own are closed to others."""
    folder = Path(tempfile.mkdtemp(prefix="accredit-test-"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)
