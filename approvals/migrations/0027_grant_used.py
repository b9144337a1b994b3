"""What was begun lately is found by when its permission was used."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("approvals", "0026_request_begun"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="actionrequest",
            name="request_begun",
        ),
        migrations.AddIndex(
            model_name="executiongrant",
            index=models.Index(
                condition=models.Q(("redeemed_at__isnull", False)),
                fields=["tenant_id", "redeemed_at"],
                name="grant_used",
            ),
        ),
    ]
