"""The record as it is searched: words of events, and how far they are indexed."""

import django.contrib.postgres.indexes
import django.contrib.postgres.search
import govapp.common.clock
import govapp.common.ids
import govapp.common.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0008_keep'),
    ]

    operations = [
        migrations.CreateModel(
            name='LedgerWords',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('index', models.BigIntegerField()),
                ('occurred_at', models.DateTimeField()),
                ('type', models.TextField()),
                ('group', models.TextField()),
                ('actor_kind', models.TextField()),
                ('actor_id', models.TextField()),
                ('category', models.TextField(blank=True)),
                ('outcome', models.TextField(blank=True)),
                ('agent_id', models.TextField(blank=True)),
                ('request_id', models.UUIDField(null=True)),
                ('words', django.contrib.postgres.search.SearchVectorField()),
            ],
            options={
                'indexes': [models.Index(fields=['tenant_id', 'occurred_at', 'id'], name='words_time'), models.Index(condition=models.Q(('request_id__isnull', False), ('type', 'action_request.submitted')), fields=['tenant_id', 'request_id'], name='words_request'), django.contrib.postgres.indexes.GinIndex(fields=['words'], gin_pending_list_limit=512, name='words_words')],
            },
        ),
        migrations.CreateModel(
            name='WordsCursor',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('size', models.BigIntegerField(default=0)),
                ('indexed_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id',), name='words_cursor_once')],
            },
        ),
    ]
