"""Conversion requests change conversions: decisions name them, and only through them a status changes a second time."""

from django.db import migrations, models

ONCE_AND_KEPT = """
create or replace function conversions_refuse_change() returns trigger language plpgsql as $$
declare
    through text;
begin
    select way into through from conversions_change
    where program_id = old.program_id and conversion_id = old.id
        and (status_before, status, decision_before, decision)
            = (old.status, new.status, old.decision, new.decision)
        and rejection_reason is not distinct from new.rejection_reason
    order by number desc limit 1;
    if old.status not in ('open', new.status) and through is distinct from 'request' then
        raise exception 'the conversion % is % already', old.id, old.status
            using errcode = 'integrity_constraint_violation', constraint = 'validated_once';
    end if;
    if through is null then
        raise exception 'the history of the conversion % does not say that it changes', old.id
            using errcode = 'integrity_constraint_violation', constraint = 'change_kept';
    end if;
    return new;
end
$$;
"""

ONCE = """
create or replace function conversions_refuse_change() returns trigger language plpgsql as $$
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
"""


class Migration(migrations.Migration):
    dependencies = [
        ("conversions", "0009_approving_by_itself"),
        ("programs", "0005_approving_by_itself"),
    ]

    operations = [
        migrations.RunSQL(ONCE_AND_KEPT, ONCE),
        migrations.RemoveConstraint(
            model_name="change",
            name="change_way",
        ),
        migrations.RemoveConstraint(
            model_name="decision",
            name="decision_cause",
        ),
        migrations.AddField(
            model_name="decision",
            name="request_id",
            field=models.UUIDField(null=True),
        ),
        migrations.AlterField(
            model_name="change",
            name="way",
            field=models.TextField(
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
        migrations.AlterField(
            model_name="decision",
            name="cause",
            field=models.TextField(
                choices=[
                    ("recorded", "Recorded"),
                    ("credited_again", "Credited Again"),
                    ("turnover_changed", "Turnover Changed"),
                    ("requested", "Requested"),
                ],
                db_collation="C",
            ),
        ),
        migrations.AddConstraint(
            model_name="change",
            constraint=models.CheckConstraint(
                condition=models.Q(("way__in", ["page", "file", "api_key", "command", "automatic", "request"])),
                name="change_way",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("cause__in", ["recorded", "credited_again", "turnover_changed", "requested"])),
                name="decision_cause",
            ),
        ),
    ]
