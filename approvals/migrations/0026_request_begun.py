"""What was begun and has no result is found without reading every request."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("approvals", "0025_calls_under_delegations"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="actionrequest",
            index=models.Index(
                condition=models.Q(("execution_state__in", ["redeemed", "unknown"])),
                fields=["tenant_id", "submitted_at", "id"],
                name="request_begun",
            ),
        ),
    ]
