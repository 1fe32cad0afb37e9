"""Before any table exists: the application's role may read and write what the owner's migrations will make."""

from django.db import migrations

from accredit.database.roles import application_role


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    run_before = [("contenttypes", "0001_initial"), ("sessions", "0001_initial")]
    operations = [
        migrations.RunSQL(
            f"""
            grant usage on schema public to {application_role()};
            grant select on django_migrations to {application_role()};
            alter default privileges in schema public
                grant select, insert, update, delete on tables to {application_role()};
            alter default privileges in schema public grant usage, select on sequences to {application_role()};
            alter default privileges in schema public grant execute on functions to {application_role()};
            """,
            f"""
            alter default privileges in schema public
                revoke select, insert, update, delete on tables from {application_role()};
            alter default privileges in schema public revoke usage, select on sequences from {application_role()};
            alter default privileges in schema public revoke execute on functions from {application_role()};
            """,
        ),
    ]
