"""Conversion requests; the database keeps the stages that they went through."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

import accredit.database.keys
from accredit.database.roles import AppendOnly

REFERENCES = """
alter table conversion_requests_request
    add constraint request_event_type foreign key (program_id, event_type)
        references programs_eventtype (program_id, code),
    add constraint request_partner foreign key (program_id, partner) references programs_partner (program_id, code);
alter table conversion_requests_stagechange
    add constraint stage_change_request foreign key (program_id, request_id)
        references conversion_requests_request (program_id, id);
alter table conversion_requests_comment
    add constraint comment_request foreign key (program_id, request_id)
        references conversion_requests_request (program_id, id);
alter table conversion_requests_attachment
    add constraint attachment_request foreign key (program_id, request_id)
        references conversion_requests_request (program_id, id);
"""

APPEND_ONLY = """
create trigger append_only before update or delete on conversion_requests_stagechange
    for each row execute function refuse_change();
"""


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("conversions", "0010_requested_changes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Rules",
            fields=[
                (
                    "program",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="request_rules",
                        serialize=False,
                        to="programs.program",
                    ),
                ),
                ("period_days", models.PositiveIntegerField(default=180)),
                ("own_decisions", models.BooleanField(default=False)),
                ("accept_after_days", models.PositiveIntegerField(null=True)),
                ("accept_up_to_minor", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Silence",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "user_id", "program_id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("program", models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, to="programs.program")),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Attachment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("request_id", models.UUIDField()),
                ("file_name", models.TextField()),
                ("kind", models.TextField(db_collation="C")),
                ("content", models.BinaryField()),
                ("size", models.PositiveIntegerField()),
                ("added_at", models.DateTimeField()),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="programs.program",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["program", "request_id", "id"], name="attachment_of_request")],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("request_id", models.UUIDField()),
                ("side", models.TextField(db_collation="C")),
                ("text", models.TextField()),
                ("written_at", models.DateTimeField()),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="programs.program",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["program", "request_id", "id"], name="comment_of_request")],
            },
        ),
        migrations.CreateModel(
            name="Request",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "id", blank=True, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("id", models.UUIDField()),
                ("number", models.PositiveBigIntegerField()),
                (
                    "kind",
                    models.TextField(
                        choices=[("create", "Create"), ("change", "Change"), ("claim", "Claim")], db_collation="C"
                    ),
                ),
                (
                    "stage",
                    models.TextField(
                        choices=[
                            ("inquired", "Inquired"),
                            ("accepted", "Accepted"),
                            ("processed", "Processed"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                            ("failed", "Failed"),
                        ],
                        db_collation="C",
                    ),
                ),
                ("stages", models.PositiveIntegerField()),
                ("partner", models.TextField(db_collation="C")),
                ("event_type", models.TextField(db_collation="C")),
                ("order_token", models.TextField(db_collation="C")),
                ("conversion_id", models.UUIDField(null=True)),
                ("changes", models.PositiveIntegerField(null=True)),
                ("raised_at", models.DateTimeField()),
                (
                    "way",
                    models.TextField(
                        choices=[
                            ("page", "Page"),
                            ("file", "File"),
                            ("api_key", "Api Key"),
                            ("command", "Command"),
                            ("automatic", "Automatic"),
                            ("request", "Request"),
                        ],
                        db_collation="C",
                    ),
                ),
                ("source", models.TextField(null=True)),
                ("digest", models.UUIDField()),
                ("changed_at", models.DateTimeField()),
                ("answer_from", models.TextField(db_collation="C", null=True)),
                ("occurred_at", models.DateTimeField(null=True)),
                ("currency", models.TextField(db_collation="C")),
                ("turnover_minor", models.BigIntegerField(null=True)),
                ("claimed_minor", models.BigIntegerField(null=True)),
                (
                    "status",
                    models.TextField(
                        choices=[("open", "Open"), ("approved", "Approved"), ("rejected", "Rejected")],
                        db_collation="C",
                        null=True,
                    ),
                ),
                ("rejection_reason", models.TextField(db_collation="C", null=True)),
                ("new_order_token", models.TextField(db_collation="C", null=True)),
                ("category", models.TextField(null=True)),
                ("customer_status", models.TextField(db_collation="C", null=True)),
                ("promo_code", models.TextField(null=True)),
                ("country", models.TextField(null=True)),
                ("device", models.TextField(null=True)),
                ("ad", models.TextField(null=True)),
                ("project", models.TextField(null=True)),
                ("sub_id1", models.TextField(null=True)),
                ("sub_id2", models.TextField(null=True)),
                ("sub_id3", models.TextField(null=True)),
                ("sub_id4", models.TextField(null=True)),
                ("sub_id5", models.TextField(null=True)),
                ("sub_id6", models.TextField(null=True)),
                ("items", models.JSONField(null=True)),
                ("before", models.JSONField(null=True)),
                ("turnover_shown_minor", models.BigIntegerField()),
                ("commission_before_minor", models.BigIntegerField(null=True)),
                ("commission_minor", models.BigIntegerField(null=True)),
                ("model", models.TextField(null=True)),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="programs.program",
                    ),
                ),
                (
                    "raised_by",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["program", "raised_at", "id"], name="request_by_time"),
                    models.Index(fields=["program", "partner", "raised_at", "id"], name="request_of_partner"),
                    models.Index(
                        condition=models.Q(("stage__in", ("inquired", "accepted", "failed"))),
                        fields=["program", "raised_at", "id"],
                        name="request_open_by_time",
                    ),
                    models.Index(
                        condition=models.Q(("stage", "accepted")),
                        fields=["program", "changed_at"],
                        name="request_accepted",
                    ),
                    models.Index(fields=["program", "order_token"], name="request_of_order"),
                    models.Index(
                        condition=models.Q(("conversion_id__isnull", False)),
                        fields=["program", "conversion_id"],
                        name="request_of_conversion",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("program", "number"), name="request_number"),
                    models.UniqueConstraint(
                        condition=models.Q(("stage", "withdrawn"), _negated=True),
                        fields=("program", "digest"),
                        name="request_once",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("stage__in", ("inquired", "accepted", "failed"))),
                        fields=("program", "partner", "event_type", "order_token"),
                        name="request_open_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["create", "change", "claim"])), name="request_kind"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stage__in", ["inquired", "accepted", "processed", "rejected", "withdrawn", "failed"])
                        ),
                        name="request_stage",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("kind", "create"), ("conversion_id__isnull", False), _connector="OR"),
                        name="request_conversion",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("stage", "processed"), _negated=True),
                            ("conversion_id__isnull", False),
                            _connector="OR",
                        ),
                        name="request_processed",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("currency__regex", "^[A-Z]{3}$"),
                            models.Q(
                                ("turnover_minor__isnull", True),
                                ("turnover_minor__range", (0, 999999999999999)),
                                _connector="OR",
                            ),
                            models.Q(
                                ("claimed_minor__isnull", True),
                                ("claimed_minor__range", (0, 999999999999999)),
                                _connector="OR",
                            ),
                        ),
                        name="request_money",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="StageChange",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "request_id",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("request_id", models.UUIDField()),
                ("number", models.PositiveIntegerField()),
                ("changed_at", models.DateTimeField()),
                (
                    "stage",
                    models.TextField(
                        choices=[
                            ("inquired", "Inquired"),
                            ("accepted", "Accepted"),
                            ("processed", "Processed"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                            ("failed", "Failed"),
                        ],
                        db_collation="C",
                    ),
                ),
                (
                    "way",
                    models.TextField(
                        choices=[
                            ("page", "Page"),
                            ("file", "File"),
                            ("api_key", "Api Key"),
                            ("command", "Command"),
                            ("automatic", "Automatic"),
                            ("request", "Request"),
                        ],
                        db_collation="C",
                    ),
                ),
                ("reason", models.TextField(db_collation="C", null=True)),
                ("comment", models.TextField(null=True)),
                ("changes", models.PositiveIntegerField(null=True)),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="programs.program",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("stage__in", ["inquired", "accepted", "processed", "rejected", "withdrawn", "failed"])
                        ),
                        name="stage_change_stage",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("way__in", ["page", "file", "api_key", "command", "automatic", "request"])),
                        name="stage_change_way",
                    ),
                ],
            },
        ),
        migrations.RunSQL(REFERENCES, migrations.RunSQL.noop),
        migrations.RunSQL(APPEND_ONLY, migrations.RunSQL.noop),
        AppendOnly("conversion_requests_stagechange"),
    ]
