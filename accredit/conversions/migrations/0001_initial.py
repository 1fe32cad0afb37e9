import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [("programs", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="Conversion",
            fields=[
                (
                    "credited_to",
                    models.TextField(
                        choices=[("partner", "Partner"), ("channel", "Channel"), ("none", "None")], db_collation="C"
                    ),
                ),
                ("partner", models.TextField(db_collation="C", null=True)),
                ("channel", models.TextField(db_collation="C", null=True)),
                ("credited_click_id", models.TextField(db_collation="C", null=True)),
                ("reason", models.TextField(db_collation="C")),
                ("credited_promo_code", models.TextField(db_collation="C", null=True)),
                ("credit_group", models.TextField(db_collation="C", null=True)),
                ("terms", models.TextField(db_collation="C", null=True)),
                ("terms_version", models.PositiveIntegerField(null=True)),
                ("blocked", models.BooleanField()),
                ("currency", models.TextField(db_collation="C")),
                ("turnover_minor", models.BigIntegerField()),
                ("rate_id", models.UUIDField(null=True)),
                ("commission_minor", models.BigIntegerField()),
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "id", blank=True, editable=False, primary_key=True, serialize=False
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
                ("id", models.UUIDField()),
                ("event_type", models.TextField(db_collation="C")),
                ("order_token", models.TextField(db_collation="C")),
                ("occurred_at", models.DateTimeField()),
                ("occurred_date", models.DateField()),
                ("recorded_at", models.DateTimeField()),
                ("digest", models.UUIDField()),
                (
                    "status",
                    models.TextField(
                        choices=[("open", "Open"), ("approved", "Approved"), ("rejected", "Rejected")], db_collation="C"
                    ),
                ),
                ("decision", models.PositiveIntegerField()),
                ("visitor_id", models.TextField(db_collation="C", null=True)),
                ("customer_id", models.TextField(db_collation="C", null=True)),
                ("click_id", models.TextField(db_collation="C", null=True)),
                ("promo_code", models.TextField(null=True)),
                ("customer_status_word", models.TextField(null=True)),
                ("customer_status", models.TextField(db_collation="C", null=True)),
                ("category", models.TextField(null=True)),
                ("country", models.TextField(null=True)),
                ("region", models.TextField(null=True)),
                ("city", models.TextField(null=True)),
                ("postcode", models.TextField(null=True)),
                ("ad", models.TextField(null=True)),
                ("project", models.TextField(null=True)),
                ("device", models.TextField(null=True)),
                ("sub_id1", models.TextField(null=True)),
                ("sub_id2", models.TextField(null=True)),
                ("sub_id3", models.TextField(null=True)),
                ("sub_id4", models.TextField(null=True)),
                ("sub_id5", models.TextField(null=True)),
                ("sub_id6", models.TextField(null=True)),
                ("order_fields", models.JSONField(null=True)),
                ("model", models.TextField(null=True)),
                ("adjustments", models.TextField(null=True)),
                ("restriction", models.TextField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "credited_to",
                    models.TextField(
                        choices=[("partner", "Partner"), ("channel", "Channel"), ("none", "None")], db_collation="C"
                    ),
                ),
                ("partner", models.TextField(db_collation="C", null=True)),
                ("channel", models.TextField(db_collation="C", null=True)),
                ("credited_click_id", models.TextField(db_collation="C", null=True)),
                ("reason", models.TextField(db_collation="C")),
                ("credited_promo_code", models.TextField(db_collation="C", null=True)),
                ("credit_group", models.TextField(db_collation="C", null=True)),
                ("terms", models.TextField(db_collation="C", null=True)),
                ("terms_version", models.PositiveIntegerField(null=True)),
                ("blocked", models.BooleanField()),
                ("currency", models.TextField(db_collation="C")),
                ("turnover_minor", models.BigIntegerField()),
                ("rate_id", models.UUIDField(null=True)),
                ("commission_minor", models.BigIntegerField()),
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
                ("number", models.PositiveIntegerField()),
                ("decided_at", models.DateTimeField()),
                ("cause", models.TextField(choices=[("recorded", "Recorded")], db_collation="C")),
                ("event_id", models.UUIDField(null=True)),
                ("explanation", models.JSONField()),
                ("explanation_more", models.PositiveIntegerField()),
                ("without_winner", models.TextField(db_collation="C", null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Item",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id",
                        "conversion_id",
                        "decision",
                        "item_id",
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
                ("decision", models.PositiveIntegerField()),
                ("item_id", models.TextField(db_collation="C")),
                ("quantity", models.BigIntegerField()),
                ("currency", models.TextField(db_collation="C")),
                ("turnover_minor", models.BigIntegerField()),
                ("sku", models.TextField(null=True)),
                ("category", models.TextField(null=True)),
                ("rate_id", models.UUIDField(null=True)),
                ("commission_minor", models.BigIntegerField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Rate",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "program_id", "id", blank=True, editable=False, primary_key=True, serialize=False
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
                ("id", models.UUIDField()),
                ("terms", models.TextField(db_collation="C")),
                ("terms_version", models.PositiveIntegerField()),
                ("level", models.TextField(db_collation="C", null=True)),
                ("currency", models.TextField(db_collation="C")),
                ("model", models.TextField(null=True)),
                ("payout_group", models.PositiveIntegerField(null=True)),
                ("percent_ppm", models.BigIntegerField(null=True)),
                ("fixed_minor", models.BigIntegerField(null=True)),
                ("adjustments", models.JSONField()),
                ("restriction", models.TextField(null=True)),
            ],
        ),
        migrations.AddIndex(
            model_name="conversion",
            index=models.Index(fields=["program", "occurred_at", "id"], name="conversion_by_time"),
        ),
        migrations.AddIndex(
            model_name="conversion",
            index=models.Index(fields=["program", "event_type", "occurred_at"], name="conversion_by_event_type"),
        ),
        migrations.AddIndex(
            model_name="conversion",
            index=models.Index(fields=["program", "status", "occurred_at"], name="conversion_by_status"),
        ),
        migrations.AddIndex(
            model_name="conversion",
            index=models.Index(
                fields=["program", "customer_status", "occurred_at"], name="conversion_by_customer_status"
            ),
        ),
        migrations.AddIndex(
            model_name="conversion",
            index=models.Index(
                condition=models.Q(("partner__isnull", False)),
                fields=["program", "partner", "occurred_at"],
                name="conversion_by_partner",
            ),
        ),
        migrations.AddIndex(
            model_name="conversion",
            index=models.Index(
                condition=models.Q(("channel__isnull", False)),
                fields=["program", "channel", "occurred_at"],
                name="conversion_by_channel",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversion",
            constraint=models.UniqueConstraint(
                fields=("program", "event_type", "order_token"), name="conversion_order"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversion",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["open", "approved", "rejected"])), name="conversion_status"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("currency__regex", "^[A-Z]{3}$"),
                    ("turnover_minor__gte", 0),
                    ("commission_minor__gte", 0),
                    ("turnover_minor__lte", 999999999999999),
                ),
                name="conversion_money",
            ),
        ),
        migrations.AddConstraint(
            model_name="conversion",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("channel__isnull", True),
                        ("credited_to", "partner"),
                        ("partner__isnull", False),
                        ("terms__isnull", False),
                    ),
                    models.Q(
                        ("channel__isnull", False),
                        ("commission_minor", 0),
                        ("credited_to", "channel"),
                        ("partner__isnull", True),
                    ),
                    models.Q(
                        ("channel__isnull", True),
                        ("commission_minor", 0),
                        ("credited_to", "none"),
                        ("partner__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="conversion_credited_to",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(condition=models.Q(("cause__in", ["recorded"])), name="decision_cause"),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("currency__regex", "^[A-Z]{3}$"),
                    ("turnover_minor__gte", 0),
                    ("commission_minor__gte", 0),
                    ("turnover_minor__lte", 999999999999999),
                ),
                name="decision_money",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("channel__isnull", True),
                        ("credited_to", "partner"),
                        ("partner__isnull", False),
                        ("terms__isnull", False),
                    ),
                    models.Q(
                        ("channel__isnull", False),
                        ("commission_minor", 0),
                        ("credited_to", "channel"),
                        ("partner__isnull", True),
                    ),
                    models.Q(
                        ("channel__isnull", True),
                        ("commission_minor", 0),
                        ("credited_to", "none"),
                        ("partner__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="decision_credited_to",
            ),
        ),
        migrations.AddConstraint(
            model_name="item",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("currency__regex", "^[A-Z]{3}$"),
                    ("turnover_minor__gte", 0),
                    ("turnover_minor__lte", 999999999999999),
                ),
                name="item_money",
            ),
        ),
        migrations.AddConstraint(
            model_name="rate",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="rate_currency"
            ),
        ),
    ]
