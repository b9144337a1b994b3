"""When what a request asked for was emptied."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("approvals", "0014_speed"),
    ]

    operations = [
        migrations.AddField(
            model_name="actionrequest",
            name="forgotten_at",
            field=models.DateTimeField(null=True),
        ),
    ]
