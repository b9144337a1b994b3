"""Reports that are made again and again."""

import govapp.common.clock
import govapp.common.ids
import govapp.common.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('audit', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReportSchedule',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('kind', models.TextField()),
                ('every', models.TextField(choices=[('month', 'every month'), ('quarter', 'every quarter')])),
                ('zone', models.TextField()),
                ('created_by_id', models.TextField()),
                ('created_by_name', models.TextField()),
                ('created_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('next_at', models.DateTimeField()),
                ('removed_at', models.DateTimeField(null=True)),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('removed_at__isnull', True)), fields=['next_at'], name='report_schedule_due')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('removed_at__isnull', True)), fields=('tenant_id', 'kind', 'every'), name='report_schedule_once')],
            },
        ),
    ]
