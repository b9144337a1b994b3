"""Files that an erasure leaves while a legal hold keeps what they tell of."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0012_scale"),
    ]

    operations = [
        migrations.AddField(
            model_name="exportjob",
            name="erasures_waiting",
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name="report",
            name="erasures_waiting",
            field=models.JSONField(blank=True, default=list),
        ),
    ]
