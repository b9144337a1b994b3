"""What is due within one tenant, in order, for the sweeper's turns."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("approvals", "0006_inbox_channel")]

    operations = [
        migrations.AddIndex(
            model_name="timer",
            index=models.Index(
                condition=models.Q(("status", "armed")),
                fields=["tenant_id", "due_at", "id"],
                name="timer_due_in_tenant",
            ),
        ),
    ]
