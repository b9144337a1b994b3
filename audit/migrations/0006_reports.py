"""Reports of many kinds: of a request, compared, signed, attested, and sent as a link."""

import django.db.models.deletion
import govapp.common.clock
import govapp.common.ids
import govapp.common.models
import govapp.common.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0005_anchor"),
    ]

    operations = [
        migrations.CreateModel(
            name='SigningCertificate',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('purpose', models.TextField(unique=True)),
                ('certificate', models.BinaryField()),
                ('private_key_sealed', models.BinaryField()),
                ('made_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
            ],
        ),
        migrations.AddField(
            model_name='report',
            name='content_bytes',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddField(
            model_name='report',
            name='content_sha256',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='report',
            name='is_compared',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='report',
            name='request_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='report',
            name='schedule_id',
            field=models.UUIDField(null=True),
        ),
        migrations.AddField(
            model_name='report',
            name='signature',
            field=models.TextField(choices=[('none', 'not signed'), ('b-b', 'signed (PAdES B-B)'), ('b-t', 'signed and time-stamped (PAdES B-T)'), ('b-lta', 'signed for the archive (PAdES B-LTA)')], default='none'),
        ),
        migrations.AddField(
            model_name='report',
            name='signed_by',
            field=models.TextField(blank=True, default=''),
        ),
        migrations.AddField(
            model_name='reportschedule',
            name='is_compared',
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name='reportschedule',
            name='recipients',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AlterField(
            model_name='report',
            name='period_end',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='report',
            name='period_start',
            field=models.DateTimeField(null=True),
        ),
        migrations.CreateModel(
            name='ReportAttestation',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('sha256', models.TextField()),
                ('attested_by_id', models.TextField()),
                ('attested_by_name', models.TextField()),
                ('statement', models.TextField()),
                ('attested_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('report', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='attestations', to='audit.report')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('tenant_id', 'report', 'attested_by_id'), name='report_attested_once')],
            },
        ),
    ]
