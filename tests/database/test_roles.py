"""What the application's role may do with the tables that migrations make."""

from collections.abc import Callable
from contextlib import AbstractContextManager

import pytest
from django.conf import settings
from django.db import ProgrammingError, connection, transaction
from django.db.migrations.state import ProjectState
from psycopg.errors import InsufficientPrivilege

from accredit.access.models import Organization
from accredit.database.roles import AppendOnly

pytestmark = pytest.mark.django_db

AsOwner = Callable[[], AbstractContextManager[None]]


def run(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


def refused(statement: str) -> bool:
    try:
        with transaction.atomic():
            run(statement)
    except ProgrammingError as error:
        return isinstance(error.__cause__, InsufficientPrivilege)
    return False


def test_tests_run_as_the_application() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select current_user")
        assert cursor.fetchone() == (settings.DATABASE_APPLICATION_ROLE,)
    if settings.DATABASES["default"]["USER"] == settings.DATABASE_APPLICATION_ROLE:
        pytest.skip("this server has one role for owner and application")
    assert refused("alter table access_user add column more int")


def test_the_application_writes_what_migrations_made() -> None:
    Organization.objects.create(kind="partner", code="p", name="P")
    assert Organization.objects.filter(code="p").update(name="Q") == 1
    assert Organization.objects.filter(code="p").delete()[0] == 1


def test_an_append_only_table_takes_rows_and_keeps_them(as_owner: AsOwner) -> None:
    operation = AppendOnly("noted")
    with as_owner():
        run("create table noted (what text)")
        with connection.schema_editor(atomic=False) as editor:
            operation.database_forwards("access", editor, ProjectState(), ProjectState())
    run("insert into noted values ('once')")
    assert refused("update noted set what = 'twice'")
    assert refused("delete from noted")
    assert refused("truncate noted")
    with as_owner(), connection.schema_editor(atomic=False) as editor:
        operation.database_backwards("access", editor, ProjectState(), ProjectState())
    run("delete from noted")


def test_every_table_can_be_read_by_the_application() -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p', 'v') and n.nspname = 'public'"
            " and not has_table_privilege(c.oid, 'select')"
        )
        assert cursor.fetchall() == []
