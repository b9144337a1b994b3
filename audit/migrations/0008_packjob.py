"""What an evidence pack has beside an export's filter: options, and what is told of its file."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0007_personal"),
    ]

    operations = [
        migrations.AddField(
            model_name="exportjob",
            name="options",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="exportjob",
            name="told",
            field=models.JSONField(blank=True, default=dict),
        ),
    ]
