from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0022_delegations"),
    ]

    operations = [
        migrations.AddField(
            model_name="delegationspend",
            name="expires_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RemoveConstraint(
            model_name="delegationspend",
            name="delegation_spend_once",
        ),
        migrations.AddConstraint(
            model_name="delegationspend",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "request", "currency"), name="delegation_spend_each"
            ),
        ),
        migrations.AddIndex(
            model_name="delegationspend",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False), ("state", "reserved")),
                fields=["expires_at"],
                name="delegation_spend_expiry",
            ),
        ),
    ]
