"""Personal texts of events under keys that can be destroyed."""

import django.db.models.deletion
import govapp.common.clock
import govapp.common.ids
import govapp.common.models
import govapp.common.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0006_reports"),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerSubject',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('ref', models.TextField()),
                ('key_sealed', models.BinaryField(null=True)),
                ('made_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('erased_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'ref'], name='ledger_subject_ref')],
            },
        ),
        migrations.CreateModel(
            name='LedgerDisclosure',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('sealed', models.BinaryField()),
                ('event', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='disclosure_rows', to='audit.ledgerevent')),
                ('subject_key', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='audit.ledgersubject')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'event'], name='disclosure_event'), models.Index(fields=['tenant_id', 'subject_key'], name='disclosure_subject')],
            },
        ),
    ]
