"""Who wants no e-mails is kept for all topics in one place (`programs.Silence`)."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("conversion_requests", "0006_references_of_a_batch"),
        ("programs", "0007_silence"),
    ]

    operations = [
        migrations.RunSQL(
            "insert into programs_silence (user_id, program_id, topic)"
            " select user_id, program_id, 'requests' from conversion_requests_silence",
            "insert into conversion_requests_silence (user_id, program_id)"
            " select user_id, program_id from programs_silence where topic = 'requests'",
        ),
        migrations.DeleteModel(name="Silence"),
    ]
