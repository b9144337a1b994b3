"""What agents' keys are held to, their short-lived tokens, and where they were refused."""

import django.contrib.postgres.fields
import django.db.models.deletion
import govapp.common.clock
import govapp.common.ids
import govapp.common.models
import govapp.common.tenancy
import tenants.scopes
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0007_keep'),
    ]

    operations = [
        migrations.AddField(
            model_name='agent',
            name='needs_proof',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='credential',
            name='categories',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=100), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='credential',
            name='last_used_from',
            field=models.CharField(db_default='', default='', max_length=50),
        ),
        migrations.AddField(
            model_name='credential',
            name='last_used_scope',
            field=models.CharField(db_default='', default='', max_length=20),
        ),
        migrations.AddField(
            model_name='credential',
            name='needs_proof',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='credential',
            name='networks',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=50), db_default=[], default=list, size=None),
        ),
        migrations.AddField(
            model_name='credential',
            name='scopes',
            field=django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=tenants.scopes.all_scopes, size=None),
        ),
        migrations.CreateModel(
            name='AccessToken',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('prefix', models.CharField(max_length=20, unique=True)),
                ('secret_hash', models.BinaryField(max_length=32)),
                ('scopes', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
                ('thumbprint', models.CharField(blank=True, default='', max_length=43)),
                ('created_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('expires_at', models.DateTimeField()),
                ('credential', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='tokens', to='tenants.credential')),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'credential', 'expires_at'], name='access_token_key')],
            },
        ),
        migrations.CreateModel(
            name='KeyRefusal',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('code', models.CharField(max_length=40)),
                ('scope', models.CharField(blank=True, default='', max_length=20)),
                ('times', models.PositiveIntegerField(default=0)),
                ('unrecorded', models.PositiveIntegerField(default=0)),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField(null=True)),
                ('last_from', models.CharField(blank=True, default='', max_length=50)),
                ('credential', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='refusals', to='tenants.credential')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'credential', 'code', 'scope'), name='key_refusal_once')],
            },
        ),
    ]
