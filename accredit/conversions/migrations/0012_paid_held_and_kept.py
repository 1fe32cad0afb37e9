"""What was paid keeps its turnover, a hold changes by its release alone, nobody empties what is kept for good, and
conversions can be priced and mapped again."""

import django.db.models.deletion
from django.db import migrations, models

from accredit.database.roles import AppendOnly, NeverEmptied, application_role

PAYMENTS = """
alter table conversions_payment
    add constraint payment_conversion foreign key (program_id, conversion_id)
        references conversions_conversion (program_id, id),
    add constraint payment_entry foreign key (program_id, entry) references ledger_entry (program_id, number);
create trigger append_only before update or delete on conversions_payment
    for each row execute function refuse_change();

create function conversions_refuse_payment() returns trigger language plpgsql as $$
begin
    -- Whoever validates, or changes a turnover, holds the row.
    perform from conversions_conversion
    where program_id = new.program_id and id = new.conversion_id and status = 'approved' for share;
    if not found then
        raise exception 'the conversion % is not approved, and nothing is paid for it', new.conversion_id
            using errcode = 'integrity_constraint_violation', constraint = 'payment_of_approved';
    end if;
    return new;
end
$$;
create trigger payment_of_approved before insert on conversions_payment for each row
    when (new.amount_minor > 0) execute function conversions_refuse_payment();
"""

HOLDS = f"""
create function conversions_keep_hold() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and old.released_at is null and new.released_at is not null
        and to_jsonb(old) - 'released_at' - 'released_by_id' = to_jsonb(new) - 'released_at' - 'released_by_id'
    then
        return new;
    end if;
    raise exception 'conversions_hold is append-only: a hold is released once, and otherwise never changed'
        using errcode = 'integrity_constraint_violation', constraint = 'append_only';
end
$$;
create trigger append_only before update or delete on conversions_hold
    for each row execute function conversions_keep_hold();
grant update (released_at, released_by_id) on conversions_hold to {application_role()};
"""

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
    -- what is paid
    return new;
end
$$;
"""
PAID_STAYS = """
    if old.status = 'approved' and through <> 'request' and exists (
        select from conversions_payment where program_id = old.program_id and conversion_id = old.id
    ) then
        raise exception 'the conversion % is paid, and stays as it is', old.id
            using errcode = 'integrity_constraint_violation', constraint = 'paid_stays';
    end if;
"""

CAUSES = ["recorded", "credited_again", "rated_again", "mapped_again", "turnover_changed", "requested"]
KEPT = tuple(f"conversions_{name}" for name in ("decision", "item", "rate", "change", "payment", "hold"))


class Migration(migrations.Migration):
    dependencies = [
        ("conversions", "0011_views_are_of_lists"),
        ("ledger", "0003_never_emptied"),
        ("programs", "0005_approving_by_itself"),
    ]

    operations = [
        migrations.CreateModel(
            name="Payment",
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
                ("conversion_id", models.UUIDField()),
                ("number", models.PositiveIntegerField()),
                ("paid_at", models.DateTimeField()),
                ("partner", models.TextField(db_collation="C")),
                ("currency", models.TextField(db_collation="C")),
                ("amount_minor", models.BigIntegerField()),
                ("entry", models.BigIntegerField()),
                (
                    "program",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        to="programs.program",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="payment_currency"
                    )
                ],
            },
        ),
        migrations.RunSQL(PAYMENTS, "drop function conversions_refuse_payment cascade"),
        AppendOnly("conversions_payment"),
        AppendOnly("conversions_hold"),
        migrations.RunSQL(HOLDS, "drop function conversions_keep_hold cascade"),
        migrations.RunSQL(ONCE_AND_KEPT.replace("-- what is paid", PAID_STAYS), ONCE_AND_KEPT),
        *(NeverEmptied(table) for table in KEPT),
        migrations.RemoveConstraint(model_name="decision", name="decision_cause"),
        migrations.AlterField(
            model_name="decision",
            name="cause",
            field=models.TextField(
                choices=[(code, code.replace("_", " ").title()) for code in CAUSES], db_collation="C"
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(condition=models.Q(("cause__in", CAUSES)), name="decision_cause"),
        ),
    ]
