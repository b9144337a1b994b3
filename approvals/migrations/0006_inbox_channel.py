"""Votes from the inbox's list are told from those on the action page."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0005_versions_in_review")]

    operations = [
        migrations.AlterField(
            model_name="vote",
            name="channel",
            field=models.CharField(
                choices=[
                    ("page", "In Govapp"),
                    ("inbox", "From the inbox's list"),
                    ("link", "From a link"),
                ],
                max_length=10,
            ),
        ),
    ]
