import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models

import accredit.database.keys


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("access", "0002_user_density"),
    ]

    operations = [
        migrations.CreateModel(
            name="Partner",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C")),
                ("name", models.TextField()),
                (
                    "organization",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="partnerships",
                        to="access.organization",
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Contract",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("labels", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                (
                    "partner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="contract", to="programs.partner"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Program",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C", unique=True)),
                ("name", models.TextField()),
                ("currency", models.TextField(db_collation="C")),
                ("timezone", models.TextField(db_collation="C")),
                ("referral_window_days", models.PositiveIntegerField()),
                (
                    "foreign_promo_code",
                    models.TextField(choices=[("credit", "credit"), ("invalid", "invalid")], db_collation="C"),
                ),
                ("attribution", models.TextField(choices=[("last_click", "last_click")], db_collation="C")),
                ("allowed_hosts", django.contrib.postgres.fields.ArrayField(base_field=models.TextField(), size=None)),
                ("click_parameter", models.TextField()),
                ("fallback_page", models.TextField()),
                ("retention_days", models.PositiveIntegerField(null=True)),
                ("clicks_are_synthetic", models.BooleanField(default=False)),
                (
                    "advertiser",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="advertised_programs",
                        to="access.organization",
                    ),
                ),
                (
                    "agency",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="operated_programs",
                        to="access.organization",
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="partner",
            name="program",
            field=models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, to="programs.program"),
        ),
        migrations.CreateModel(
            name="EventType",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C")),
                ("customer_status", models.JSONField(null=True)),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="programs.program"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Channel",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C")),
                ("name", models.TextField()),
                (
                    "credit_group",
                    models.TextField(
                        choices=[
                            ("preferred", "preferred"),
                            ("standard", "standard"),
                            ("non-preferred", "non-preferred"),
                        ],
                        db_collation="C",
                    ),
                ),
                ("referral_window_days", models.PositiveIntegerField()),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="programs.program"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Ad",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C")),
                ("name", models.TextField()),
                ("landing_page", models.TextField()),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="programs.program"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Project",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C")),
                ("name", models.TextField()),
                (
                    "partner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="projects",
                        to="programs.partner",
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="programs.program"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="PromoCode",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C")),
                ("normalized_code", models.TextField(db_collation="C")),
                ("match", models.TextField(choices=[("exact", "exact"), ("regex", "regex")], db_collation="C")),
                (
                    "policy",
                    models.TextField(
                        choices=[("always", "always"), ("involved", "involved"), ("winner", "winner")], db_collation="C"
                    ),
                ),
                ("starts_at", models.DateTimeField(null=True)),
                ("ends_at", models.DateTimeField(null=True)),
                (
                    "partner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="promo_codes", to="programs.partner"
                    ),
                ),
                (
                    "program",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="promo_codes", to="programs.program"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="RejectionReason",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C")),
                ("title_de", models.TextField()),
                ("title_en", models.TextField()),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="programs.program"
                    ),
                ),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="TermsVersion",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("code", models.TextField(db_collation="C")),
                ("version", models.PositiveIntegerField()),
                ("payouts", models.JSONField()),
                ("modification_starts_at", models.DateTimeField(null=True)),
                ("early_opt_in", models.BooleanField()),
                ("comment", models.TextField()),
                (
                    "program",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.CASCADE, to="programs.program"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ContractPeriod",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(null=True)),
                (
                    "credit_group",
                    models.TextField(
                        choices=[
                            ("preferred", "preferred"),
                            ("standard", "standard"),
                            ("non-preferred", "non-preferred"),
                        ],
                        db_collation="C",
                    ),
                ),
                ("referral_window_days", models.PositiveIntegerField()),
                (
                    "contract",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="periods",
                        to="programs.contract",
                    ),
                ),
                (
                    "terms_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="contract_periods",
                        to="programs.termsversion",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ChannelPeriod",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=accredit.database.keys.uuid7, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField(null=True)),
                (
                    "credit_group",
                    models.TextField(
                        choices=[
                            ("preferred", "preferred"),
                            ("standard", "standard"),
                            ("non-preferred", "non-preferred"),
                        ],
                        db_collation="C",
                    ),
                ),
                ("referral_window_days", models.PositiveIntegerField()),
                (
                    "channel",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="periods",
                        to="programs.channel",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("starts_at__lt", models.F("ends_at"))), name="channel_period_forwards"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("credit_group__in", ["preferred", "standard", "non-preferred"])),
                        name="channel_period_credit_group",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="program",
            constraint=models.CheckConstraint(
                condition=models.Q(("currency__regex", "^[A-Z]{3}$")), name="program_currency"
            ),
        ),
        migrations.AddConstraint(
            model_name="program",
            constraint=models.CheckConstraint(
                condition=models.Q(("foreign_promo_code__in", ["credit", "invalid"])), name="program_foreign_promo_code"
            ),
        ),
        migrations.AddConstraint(
            model_name="program",
            constraint=models.CheckConstraint(
                condition=models.Q(("attribution__in", ["last_click"])), name="program_attribution"
            ),
        ),
        migrations.AddConstraint(
            model_name="partner",
            constraint=models.UniqueConstraint(fields=("program", "code"), name="partner_code"),
        ),
        migrations.AddConstraint(
            model_name="eventtype",
            constraint=models.UniqueConstraint(fields=("program", "code"), name="eventtype_code"),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.UniqueConstraint(fields=("program", "code"), name="channel_code"),
        ),
        migrations.AddConstraint(
            model_name="channel",
            constraint=models.CheckConstraint(
                condition=models.Q(("credit_group__in", ["preferred", "standard", "non-preferred"])),
                name="channel_credit_group",
            ),
        ),
        migrations.AddConstraint(
            model_name="ad",
            constraint=models.UniqueConstraint(fields=("program", "code"), name="ad_code"),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.UniqueConstraint(fields=("program", "code"), name="project_code"),
        ),
        migrations.AddConstraint(
            model_name="promocode",
            constraint=models.CheckConstraint(
                condition=models.Q(("starts_at__lt", models.F("ends_at"))), name="promo_code_forwards"
            ),
        ),
        migrations.AddConstraint(
            model_name="promocode",
            constraint=models.CheckConstraint(
                condition=models.Q(("match__in", ["exact", "regex"])), name="promo_code_match"
            ),
        ),
        migrations.AddConstraint(
            model_name="promocode",
            constraint=models.CheckConstraint(
                condition=models.Q(("policy__in", ["always", "involved", "winner"])), name="promo_code_policy"
            ),
        ),
        migrations.AddConstraint(
            model_name="rejectionreason",
            constraint=models.UniqueConstraint(fields=("program", "code"), name="rejectionreason_code"),
        ),
        migrations.AddConstraint(
            model_name="termsversion",
            constraint=models.UniqueConstraint(fields=("program", "code", "version"), name="terms_version"),
        ),
        migrations.AddConstraint(
            model_name="contractperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("starts_at__lt", models.F("ends_at"))), name="contract_period_forwards"
            ),
        ),
        migrations.AddConstraint(
            model_name="contractperiod",
            constraint=models.CheckConstraint(
                condition=models.Q(("credit_group__in", ["preferred", "standard", "non-preferred"])),
                name="contract_period_credit_group",
            ),
        ),
    ]
