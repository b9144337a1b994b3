"""A key of a member's own for the API."""

import django.db.models.deletion
import govapp.common.clock
import govapp.common.ids
import govapp.common.models
import govapp.common.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0002_office_hours'),
    ]

    operations = [
        migrations.CreateModel(
            name='MemberToken',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('label', models.CharField(max_length=100)),
                ('prefix', models.CharField(max_length=20, unique=True)),
                ('secret_hash', models.BinaryField(max_length=32)),
                ('created_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('expires_at', models.DateTimeField()),
                ('revoked_at', models.DateTimeField(null=True)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('member', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='tokens', to='tenants.membership')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'member', 'created_at'], name='member_token_member')],
            },
        ),
    ]
