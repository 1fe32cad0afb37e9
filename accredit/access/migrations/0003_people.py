"""Invitations, keys of people's own programs, the audit log, the demo's mailbox, the cache in which attempts to sign in
are counted; and an organization that has an owner keeps one."""

import django.db.models.deletion
import django.db.models.functions.text
from django.conf import settings
from django.db import migrations, models

import accredit.database.keys
from accredit.database.roles import AppendOnly

APPEND_ONLY = """
create function access_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'the audit log is append-only: lines are added and never changed'
        using errcode = 'integrity_constraint_violation', constraint = 'append_only';
end
$$;
create trigger append_only before update or delete on access_auditentry
    for each row execute function access_refuse_change();
"""

# Two owners who demote each other at once wait for the organization's row; the second one then sees what the first did.
LAST_OWNER = """
create function access_keep_an_owner() returns trigger language plpgsql as $$
begin
    perform from access_organization where id = old.organization_id for no key update;
    if not exists (select from access_membership where organization_id = old.organization_id and role = 'owner') then
        raise exception 'the organization % would have no owner', old.organization_id
            using errcode = 'integrity_constraint_violation', constraint = 'last_owner';
    end if;
    return null;
end
$$;
create trigger last_owner_stays after update on access_membership for each row
    when (old.role = 'owner' and (new.role, new.organization_id) <> (old.role, old.organization_id))
    execute function access_keep_an_owner();
create trigger last_owner_does_not_go after delete on access_membership for each row
    when (old.role = 'owner') execute function access_keep_an_owner();
"""

CACHE = """
create unlogged table access_cache (
    cache_key varchar(255) primary key, value text not null, expires timestamptz not null
);
create index access_cache_expires on access_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("access", "0002_user_density"),
    ]

    operations = [
        migrations.CreateModel(
            name="Mail",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("to", models.TextField()),
                ("subject", models.TextField()),
                ("text", models.TextField()),
                ("sent_at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("at", models.DateTimeField()),
                ("actor_id", models.UUIDField(null=True)),
                ("actor_name", models.CharField(max_length=200)),
                ("action", models.CharField(db_collation="C", max_length=60)),
                ("organization_id", models.UUIDField(null=True)),
                ("program_id", models.UUIDField(null=True)),
                ("subject", models.TextField()),
                ("detail", models.JSONField(default=dict)),
            ],
            options={
                "indexes": [
                    models.Index(fields=["organization_id", "id"], name="access_audit_organization"),
                    models.Index(fields=["program_id", "id"], name="access_audit_program"),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("beginning", models.CharField(db_collation="C", max_length=12)),
                ("key_hash", models.CharField(db_collation="C", max_length=64, unique=True)),
                ("scope", models.CharField(choices=[("read", "Read"), ("validate", "Validate")], max_length=8)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                ("last_used_at", models.DateTimeField(null=True)),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="api_keys", to="access.organization"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="api_keys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("scope__in", ["read", "validate"])), name="access_api_key_scope"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("created_at__lt", models.F("expires_at"))), name="access_api_key_forwards"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("email", models.EmailField(max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[("owner", "Owner"), ("editor", "Editor"), ("viewer", "Viewer")], max_length=6
                    ),
                ),
                ("language", models.CharField(choices=[("de", "Deutsch"), ("en", "English")], max_length=2)),
                ("token_hash", models.CharField(db_collation="C", max_length=64, unique=True)),
                ("created_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(null=True)),
                ("withdrawn_at", models.DateTimeField(null=True)),
                (
                    "invited_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "organization",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="invitations",
                        to="access.organization",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("accepted_at", None), ("withdrawn_at", None)),
                        fields=("organization", "email"),
                        name="access_invitation_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("email", django.db.models.functions.text.Lower("email"))),
                        name="access_invitation_email_lower_case",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("role__in", ["owner", "editor", "viewer"])), name="access_invitation_role"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("accepted_at", None), ("withdrawn_at", None), _connector="OR"),
                        name="access_invitation_one_end",
                    ),
                ],
            },
        ),
        migrations.RunSQL(APPEND_ONLY, "drop function access_refuse_change cascade"),
        AppendOnly("access_auditentry"),
        migrations.RunSQL(LAST_OWNER, "drop function access_keep_an_owner cascade"),
        migrations.RunSQL(CACHE, "drop table access_cache"),
    ]
