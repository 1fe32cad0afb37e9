"""Totals of conversions, kept by the database with every change of one."""

import django.db.models.deletion
from django.db import migrations, models

from accredit.database.roles import application_role

TABLE = "conversions_conversiontotal"
KEY = "program_id, event_type, status, credited_to, partner, channel, customer_status, currency"
ADDED, REMOVED = (
    f"select {KEY}, {sign} as sign, turnover_minor, commission_minor from {rows}"
    for sign, rows in (("1", "added"), ("-1", "removed"))
)
CHANGES = {
    "insert": (ADDED, "new table as added"),
    "update": (f"{ADDED} union all {REMOVED}", "old table as removed new table as added"),
    "delete": (REMOVED, "old table as removed"),
}
KEEP = """
create function conversions_keep_totals_on_{act}() returns trigger language plpgsql
security definer set search_path = pg_catalog, public, pg_temp as $$
begin
    -- In the order of the key, so that no two wait for each other.
    insert into {table} as kept ({key}, rows, turnover_minor, commission_minor)
    select {key}, sum(sign), sum(sign * turnover_minor), sum(sign * commission_minor)
    from ({changed}) changed
    group by {key}
    having sum(sign) <> 0 or sum(sign * turnover_minor) <> 0 or sum(sign * commission_minor) <> 0
    order by {key}
    on conflict ({key}) do update set
        rows = kept.rows + excluded.rows,
        turnover_minor = kept.turnover_minor + excluded.turnover_minor,
        commission_minor = kept.commission_minor + excluded.commission_minor;
    return null;
end
$$;
create trigger totals_kept_on_{act} after {act} on conversions_conversion referencing {tables}
    for each statement execute function conversions_keep_totals_on_{act}();
"""
COUNT = f"""
insert into {TABLE} ({KEY}, rows, turnover_minor, commission_minor)
select {KEY}, count(*), sum(turnover_minor), sum(commission_minor) from conversions_conversion group by {KEY};
revoke insert, update, delete, truncate on {TABLE} from {application_role()};
"""


class Migration(migrations.Migration):
    dependencies = [
        ("conversions", "0014_beginnings_of_orders"),
        ("programs", "0007_silence"),
    ]

    operations = [
        migrations.CreateModel(
            name="ConversionTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("event_type", models.TextField(db_collation="C")),
                (
                    "status",
                    models.TextField(
                        choices=[("open", "Open"), ("approved", "Approved"), ("rejected", "Rejected")], db_collation="C"
                    ),
                ),
                (
                    "credited_to",
                    models.TextField(
                        choices=[("partner", "Partner"), ("channel", "Channel"), ("none", "None")], db_collation="C"
                    ),
                ),
                ("partner", models.TextField(db_collation="C", null=True)),
                ("channel", models.TextField(db_collation="C", null=True)),
                ("customer_status", models.TextField(db_collation="C", null=True)),
                ("currency", models.TextField(db_collation="C")),
                ("rows", models.BigIntegerField()),
                ("turnover_minor", models.DecimalField(decimal_places=0, max_digits=40)),
                ("commission_minor", models.DecimalField(decimal_places=0, max_digits=40)),
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
                    models.UniqueConstraint(
                        fields=(
                            "program",
                            "event_type",
                            "status",
                            "credited_to",
                            "partner",
                            "channel",
                            "customer_status",
                            "currency",
                        ),
                        name="total_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        *(
            migrations.RunSQL(
                KEEP.format(act=act, table=TABLE, key=KEY, changed=changed, tables=tables),
                f"drop function conversions_keep_totals_on_{act} cascade",
            )
            for act, (changed, tables) in CHANGES.items()
        ),
        migrations.RunSQL(COUNT, migrations.RunSQL.noop),
    ]
