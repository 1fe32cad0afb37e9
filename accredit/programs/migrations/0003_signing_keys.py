"""Keys by which a shop signs what it sends, and word to the trackers when a set-up changes."""

import django.db.models.deletion
from django.db import migrations, models

import accredit.database.keys

NOTIFY = """
create function programs_notify() returns trigger language plpgsql as $$
begin
    perform pg_notify('accredit_setup', '');
    return null;
end
$$;
"""
TABLES = (
    "program", "eventtype", "partner", "channel", "ad", "project", "contract", "contractperiod", "channelperiod",
    "signingkey",
)  # fmt: skip


class Migration(migrations.Migration):
    dependencies = [("programs", "0002_refusals")]
    operations = [
        migrations.CreateModel(
            name="SigningKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("sealed_secret", models.TextField()),
                ("created_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(null=True)),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="signing_keys", to="programs.program"
                    ),
                ),
            ],
        ),
        migrations.RunSQL(
            NOTIFY
            + "".join(
                f"create trigger notify after insert or update or delete on programs_{table}"
                " for each statement execute function programs_notify();"
                for table in TABLES
            ),
            "drop function programs_notify cascade",
        ),
    ]
