"""Legal holds, prunings, and leaves that outlive their events."""

import django.db.models.deletion
import govapp.common.clock
import govapp.common.ids
import govapp.common.models
import govapp.common.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0007_personal'),
    ]

    operations = [
        migrations.AlterField(
            model_name='ledgerleaf',
            name='event',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='leaf_rows', to='audit.ledgerevent'),
        ),
        migrations.CreateModel(
            name='LegalHold',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('kind', models.TextField(choices=[('subject', 'a person or an agent'), ('request', 'a request'), ('period', 'a period'), ('everything', 'everything')])),
                ('ref', models.TextField(blank=True, default='')),
                ('label', models.TextField(blank=True, default='')),
                ('also', models.JSONField(blank=True, default=list)),
                ('starts_at', models.DateTimeField(null=True)),
                ('ends_at', models.DateTimeField(null=True)),
                ('matter', models.CharField(max_length=120)),
                ('reason', models.CharField(max_length=300)),
                ('placed_by_id', models.TextField()),
                ('placed_by_name', models.TextField()),
                ('placed_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('released_by_id', models.TextField(blank=True, default='')),
                ('released_by_name', models.TextField(blank=True, default='')),
                ('released_at', models.DateTimeField(null=True)),
                ('release_reason', models.CharField(blank=True, default='', max_length=300)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('released_at__isnull', True)), fields=['tenant_id', 'placed_at'], name='hold_in_force')],
                'constraints': [models.CheckConstraint(condition=models.Q(('released_at__isnull', True), models.Q(('released_by_id', models.F('placed_by_id')), _negated=True), _connector='OR'), name='hold_released_by_another')],
            },
        ),
        migrations.CreateModel(
            name='Pruning',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('before', models.DateTimeField()),
                ('reason', models.CharField(max_length=300)),
                ('asked_by_id', models.TextField()),
                ('asked_by_name', models.TextField()),
                ('asked_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('confirmed_by_id', models.TextField(blank=True, default='')),
                ('confirmed_by_name', models.TextField(blank=True, default='')),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('status', models.TextField(choices=[('asked', 'waits for a second person'), ('running', 'under way'), ('done', 'done'), ('withdrawn', 'withdrawn')], default='asked')),
                ('events', models.BigIntegerField(default=0)),
                ('others', models.JSONField(default=dict)),
                ('beat_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'asked_at', 'id'], name='pruning_time')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('status__in', ['asked', 'running'])), fields=('tenant_id',), name='pruning_one_at_a_time')],
            },
        ),
        migrations.CreateModel(
            name='PrunedRange',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('event_id', models.UUIDField()),
                ('first', models.BigIntegerField()),
                ('last', models.BigIntegerField()),
                ('first_at', models.DateTimeField()),
                ('last_at', models.DateTimeField()),
                ('pruned_at', models.DateTimeField()),
                ('pruning', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='ranges', to='audit.pruning')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'first'), name='pruned_once'), models.CheckConstraint(condition=models.Q(('last__gte', models.F('first'))), name='pruned_in_order')],
            },
        ),
    ]
