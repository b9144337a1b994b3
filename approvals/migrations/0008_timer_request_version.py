"""Timers say which version of the request they were armed for.

Those that are there belong to the version that their request has: it grows when a request ends,
and then nothing of a stage is armed any more.
"""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0007_timer_due_in_tenant")]

    operations = [
        migrations.AddField(
            model_name="timer",
            name="request_version",
            field=models.PositiveIntegerField(default=1),
            preserve_default=False,
        ),
    ]
