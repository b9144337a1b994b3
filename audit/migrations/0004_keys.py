"""The keys of a log in a table of their own, so that one can take over from another; days
that are over."""

import django.db.models.deletion
import govapp.common.clock
import govapp.common.ids
import govapp.common.models
import govapp.common.tenancy
from django.db import migrations, models

# The owner of the tables is held by row-level security like everybody, and no tenant is set here.
# The event at index 0 names the key of each log, so its first checkpoint is of size 1 or larger.
# The trigger names a column that goes; it is made again after the migration.
_MOVE = """
ALTER TABLE audit_ledgerlog NO FORCE ROW LEVEL SECURITY;
INSERT INTO audit_ledgerkey
  (id, tenant_id, log_id, public_key, private_key_sealed, from_size, created_at)
SELECT gen_random_uuid(), tenant_id, id, public_key, private_key_sealed, 1, created_at
FROM audit_ledgerlog;
ALTER TABLE audit_ledgerlog FORCE ROW LEVEL SECURITY;
DROP TRIGGER IF EXISTS columns_kept ON audit_ledgerlog;
"""


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0003_exports"),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerKey',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('public_key', models.BinaryField(max_length=32)),
                ('private_key_sealed', models.BinaryField()),
                ('from_size', models.BigIntegerField()),
                ('until_size', models.BigIntegerField(null=True)),
                ('retires_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('log', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='keys', to='audit.ledgerlog')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'from_size'), name='ledger_key_once'), models.CheckConstraint(condition=models.Q(('until_size__isnull', True), ('until_size__gte', models.F('from_size')), _connector='OR'), name='ledger_key_in_order')],
            },
        ),
        migrations.CreateModel(
            name='LedgerDay',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('date', models.DateField()),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('count', models.BigIntegerField()),
                ('first_index', models.BigIntegerField(null=True)),
                ('last_index', models.BigIntegerField(null=True)),
                ('next_at', models.DateTimeField()),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'date'), name='ledger_day_once')],
            },
        ),
        migrations.RunSQL(_MOVE, migrations.RunSQL.noop),
        migrations.RemoveField(model_name='ledgerlog', name='public_key'),
        migrations.RemoveField(model_name='ledgerlog', name='private_key_sealed'),
    ]
