"""What an evidence pack has beside an export's filter: options, and what is told of its file.

The keys of the directory in a table of their own, so that one can take over from another; and
erasures that are looked at again.
"""

import govapp.common.clock
import govapp.common.ids
import govapp.common.tenancy
from django.db import migrations, models

# The directory's first checkpoint has size 1 or more. The trigger names a column that goes; it is
# made again after the migration.
_MOVE = """
INSERT INTO audit_directorykey (from_size, public_key, private_key_sealed, created_at)
SELECT 1, public_key, private_key_sealed, created_at FROM audit_directorylog;
DROP TRIGGER IF EXISTS columns_kept ON audit_directorylog;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0010_siem"),
    ]

    operations = [
        migrations.AddField(
            model_name="exportjob",
            name="options",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name="exportjob",
            name="told",
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.CreateModel(
            name="DirectoryKey",
            fields=[
                ("from_size", models.BigIntegerField(primary_key=True, serialize=False)),
                ("until_size", models.BigIntegerField(null=True)),
                ("public_key", models.BinaryField(max_length=32)),
                ("private_key_sealed", models.BinaryField()),
                ("retires_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(db_default=govapp.common.clock.Now())),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("until_size__isnull", True),
                            ("until_size__gte", models.F("from_size")),
                            _connector="OR",
                        ),
                        name="directory_key_in_order",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="LedgerErasure",
            fields=[
                ("id", models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("tenant_id", models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ("refs", models.JSONField()),
                ("texts_sealed", models.BinaryField(null=True)),
                ("made_at", models.DateTimeField(db_default=govapp.common.clock.Now())),
                ("closed_at", models.DateTimeField(null=True)),
            ],
            options={
                "indexes": [
                    models.Index(
                        condition=models.Q(("closed_at__isnull", True)),
                        fields=["made_at"],
                        name="ledger_erasure_open",
                    )
                ],
            },
        ),
        migrations.RunSQL(_MOVE, migrations.RunSQL.noop),
        migrations.RemoveField(model_name="directorylog", name="public_key"),
        migrations.RemoveField(model_name="directorylog", name="private_key_sealed"),
    ]
