"""When the words of a run went because their time of keeping was over."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("approvals", "0023_delegated_amounts"),
    ]

    operations = [
        migrations.AddField(
            model_name="run",
            name="forgotten_at",
            field=models.DateTimeField(null=True),
        ),
    ]
