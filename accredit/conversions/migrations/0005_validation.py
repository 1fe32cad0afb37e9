"""A conversion is validated once, its turnover changes by decisions of their own, and its history is kept for good: the
database changes no status and no decision unless `conversions_change` says who did it."""

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

from accredit.database.roles import AppendOnly

REFERENCES = """
alter table conversions_change
    add constraint change_decision_before foreign key (program_id, conversion_id, decision_before)
        references conversions_decision (program_id, conversion_id, number),
    add constraint change_decision foreign key (program_id, conversion_id, decision)
        references conversions_decision (program_id, conversion_id, number),
    add constraint change_rejection_reason foreign key (program_id, rejection_reason)
        references programs_rejectionreason (program_id, code);
create index change_by_rejection_reason on conversions_change (program_id, rejection_reason)
    where rejection_reason is not null;
"""

APPEND_ONLY = """
create trigger append_only before update or delete on conversions_change
    for each row execute function refuse_change();
"""

CREDITED_AGAIN_BEFORE = """
insert into conversions_change
    (program_id, conversion_id, number, changed_at, way, status_before, status, decision_before, decision)
select program_id, conversion_id, number - 1, decided_at, 'command', 'open', 'open', number - 1, number
from conversions_decision where number > 1
"""

ONCE_AND_KEPT = """
create function conversions_refuse_change() returns trigger language plpgsql as $$
begin
    if old.status not in ('open', new.status) then
        raise exception 'the conversion % is % already', old.id, old.status
            using errcode = 'integrity_constraint_violation', constraint = 'validated_once';
    end if;
    if not exists (
        select from conversions_change
        where program_id = old.program_id and conversion_id = old.id
            and (status_before, status, decision_before, decision)
                = (old.status, new.status, old.decision, new.decision)
            and rejection_reason is not distinct from new.rejection_reason
    ) then
        raise exception 'the history of the conversion % does not say that it changes', old.id
            using errcode = 'integrity_constraint_violation', constraint = 'change_kept';
    end if;
    return new;
end
$$;
create trigger once_and_kept before update on conversions_conversion for each row
    when ((old.status, old.decision, old.currency, old.turnover_minor, old.commission_minor)
            <> (new.status, new.decision, new.currency, new.turnover_minor, new.commission_minor)
        or (old.partner, old.channel, old.rate_id, old.rejection_reason, old.rejection_comment)
            is distinct from (new.partner, new.channel, new.rate_id, new.rejection_reason, new.rejection_comment))
    execute function conversions_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("conversions", "0004_signed"),
        ("programs", "0003_signing_keys"),
        ("access", "0002_user_density"),
    ]

    operations = [
        migrations.CreateModel(
            name="Change",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "conversion_id",
                        "number",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="programs.program",
                    ),
                ),
                ("conversion_id", models.UUIDField()),
                (
                    "user",
                    models.ForeignKey(
                        db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, to="access.user"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("changed_at", models.DateTimeField()),
                (
                    "way",
                    models.TextField(
                        choices=[
                            ("page", "Page"),
                            ("file", "File"),
                            ("api_key", "Api Key"),
                            ("command", "Command"),
                            ("automatic", "Automatic"),
                        ],
                        db_collation="C",
                    ),
                ),
                ("source", models.TextField(null=True)),
                (
                    "status_before",
                    models.TextField(
                        choices=[("open", "Open"), ("approved", "Approved"), ("rejected", "Rejected")], db_collation="C"
                    ),
                ),
                (
                    "status",
                    models.TextField(
                        choices=[("open", "Open"), ("approved", "Approved"), ("rejected", "Rejected")], db_collation="C"
                    ),
                ),
                ("decision_before", models.PositiveIntegerField()),
                ("decision", models.PositiveIntegerField()),
                ("rejection_reason", models.TextField(db_collation="C", null=True)),
                ("comment", models.TextField(null=True)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_cause",
        ),
        migrations.AddField(
            model_name="conversion",
            name="rejection_comment",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="conversion",
            name="rejection_reason",
            field=models.TextField(db_collation="C", null=True),
        ),
        migrations.AlterField(
            model_name="decision",
            name="cause",
            field=models.TextField(
                choices=[
                    ("recorded", "Recorded"),
                    ("credited_again", "Credited Again"),
                    ("turnover_changed", "Turnover Changed"),
                ],
                db_collation="C",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "rejected"),
                    models.Q(("rejection_comment__isnull", True), ("rejection_reason__isnull", True)),
                    _connector="OR",
                ),
                name="conversion_rejected",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("cause__in", ["recorded", "credited_again", "turnover_changed"])),
                name="decision_cause",
            ),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.CheckConstraint(
                condition=models.Q(("way__in", ["page", "file", "api_key", "command", "automatic"])), name="change_way"
            ),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.CheckConstraint(
                condition=models.Q(("status_before__in", ["open", "approved", "rejected"])), name="change_status_before"
            ),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "approved", "rejected"])), name="change_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "decision",
                        django.db.models.expressions.CombinedExpression(
                            models.F("decision_before"), "+", models.Value(1)
                        ),
                    ),
                    models.Q(
                        ("decision", models.F("decision_before")),
                        models.Q(("status", models.F("status_before")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="change_of_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("rejection_reason__isnull", False), ("status", "rejected")),
                    models.Q(models.Q(("status", "rejected"), _negated=True), ("rejection_reason__isnull", True)),
                    _connector="OR",
                ),
                name="change_rejected",
            ),
        ),
        migrations.RunSQL(
            REFERENCES,
            """
            drop index change_by_rejection_reason;
            alter table conversions_change
                drop constraint change_decision_before, drop constraint change_decision,
                drop constraint change_rejection_reason;
            """,
        ),
        migrations.RunSQL(APPEND_ONLY, "drop trigger append_only on conversions_change"),
        AppendOnly("conversions_change"),
        migrations.RunSQL(ONCE_AND_KEPT, "drop function conversions_refuse_change cascade"),
        migrations.RunSQL(CREDITED_AGAIN_BEFORE, migrations.RunSQL.noop),
    ]
