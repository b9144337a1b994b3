"""Who owned the agent when it asked. Requests that are there already keep null."""

import django.db.models.deletion
from django.db import migrations

import govapp.common.models


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0002_initial"),
        ("tenants", "0001_initial"),
    ]

    operations = [
        migrations.AddField(
            model_name="actionrequest",
            name="owner_at_submission",
            field=govapp.common.models.TenantForeignKey(
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="tenants.membership",
            ),
        ),
    ]
