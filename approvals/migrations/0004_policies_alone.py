"""What an officer needs to run policies alone: drafts, reviews, replays, shadow, facts kept."""

import django.db.models.deletion
import govapp.common.clock
import govapp.common.ids
import govapp.common.models
import govapp.common.tenancy
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0003_owner_at_submission'),
        ('tenants', '0002_office_hours'),
    ]

    operations = [
        migrations.CreateModel(
            name='PolicyDraft',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('title', models.CharField(blank=True, default='', max_length=120)),
                ('source', models.TextField()),
                ('template', models.JSONField(blank=True, default=dict)),
                ('revision', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('saved_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('discarded_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='PolicyReview',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('verdict', models.CharField(choices=[('approve', 'Approved'), ('reject', 'Rejected')], max_length=10)),
                ('attestation', models.CharField(max_length=500)),
                ('remark', models.CharField(blank=True, default='', max_length=500)),
                ('given_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
            ],
        ),
        migrations.CreateModel(
            name='PolicySimulation',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('source', models.TextField()),
                ('digest', models.CharField(max_length=80)),
                ('since', models.DateTimeField(null=True)),
                ('until', models.DateTimeField()),
                ('status', models.CharField(choices=[('queued', 'Queued'), ('running', 'Running'), ('done', 'Done'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                ('total', models.PositiveIntegerField(null=True)),
                ('replayed', models.PositiveIntegerField(default=0)),
                ('effect', models.CharField(choices=[('tightens', 'Tightens'), ('weakens', 'Weakens'), ('both', 'Tightens and weakens'), ('same', 'Changes no outcome'), ('unknown', 'Not known')], default='unknown', max_length=10)),
                ('summary', models.JSONField(blank=True, default=dict)),
                ('error', models.CharField(blank=True, default='', max_length=500)),
                ('requested_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
                ('started_at', models.DateTimeField(null=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name='ShadowResult',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('live_outcome', models.CharField(max_length=20)),
                ('outcome', models.CharField(max_length=20)),
                ('differs', models.BooleanField()),
                ('because', models.TextField()),
                ('evaluated_at', models.DateTimeField(db_default=govapp.common.clock.Now())),
            ],
        ),
        migrations.CreateModel(
            name='SimulatedChange',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('position', models.PositiveIntegerField()),
                ('before', models.CharField(max_length=20)),
                ('after', models.CharField(max_length=20)),
                ('direction', models.CharField(max_length=10)),
                ('because', models.TextField()),
                ('is_impossible', models.BooleanField(default=False)),
            ],
        ),
        migrations.AddField(
            model_name='actioncategory',
            name='amount_field',
            field=models.CharField(blank=True, default='', max_length=200),
        ),
        migrations.AddField(
            model_name='actioncategory',
            name='cost_class',
            field=models.CharField(blank=True, choices=[('low', 'Low'), ('medium', 'Medium'), ('high', 'High')], default='', max_length=10),
        ),
        migrations.AddField(
            model_name='actioncategory',
            name='target_field',
            field=models.CharField(blank=True, default='', max_length=200),
        ),
        migrations.AddField(
            model_name='actionrequest',
            name='facts',
            field=models.JSONField(null=True),
        ),
        migrations.AddField(
            model_name='actionrequest',
            name='integration',
            field=models.CharField(blank=True, default='', max_length=100),
        ),
        migrations.AddField(
            model_name='actionrequest',
            name='obligations',
            field=models.JSONField(blank=True, default=dict),
        ),
        migrations.AddField(
            model_name='actionrequest',
            name='run_key',
            field=models.CharField(blank=True, default='', max_length=100),
        ),
        migrations.AddField(
            model_name='actionrequest',
            name='target_digest',
            field=models.CharField(blank=True, default='', max_length=64),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='based_on',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.policyversion'),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='effect',
            field=models.CharField(choices=[('tightens', 'Tightens'), ('weakens', 'Weakens'), ('both', 'Tightens and weakens'), ('same', 'Changes no outcome'), ('unknown', 'Not known')], default='unknown', max_length=10),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='effect_reasons',
            field=models.JSONField(blank=True, default=list),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='rolls_back_to',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.policyversion'),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='shadow_since',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='shadow_until',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='policyversion',
            name='starts_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='policyversion',
            name='status',
            field=models.CharField(choices=[('in_review', 'In review'), ('scheduled', 'Scheduled'), ('live', 'Live'), ('archived', 'Archived'), ('rejected', 'Rejected'), ('withdrawn', 'Withdrawn')], default='in_review', max_length=10),
        ),
        migrations.AddIndex(
            model_name='actionrequest',
            index=models.Index(condition=models.Q(('run_key', ''), _negated=True), fields=['tenant_id', 'agent', 'run_key'], name='request_run'),
        ),
        migrations.AddIndex(
            model_name='actionrequest',
            index=models.Index(condition=models.Q(('target_digest', ''), _negated=True), fields=['tenant_id', 'category_key', 'target_digest'], name='request_target'),
        ),
        migrations.AddIndex(
            model_name='policyversion',
            index=models.Index(condition=models.Q(('status__in', ['live', 'scheduled'])), fields=['tenant_id', 'starts_at'], name='policy_in_force'),
        ),
        migrations.AddConstraint(
            model_name='policyversion',
            constraint=models.UniqueConstraint(condition=models.Q(('shadow_since__isnull', False), ('shadow_until__isnull', True)), fields=('tenant_id',), name='policy_one_shadow'),
        ),
        migrations.AddField(
            model_name='policydraft',
            name='based_on',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.policyversion'),
        ),
        migrations.AddField(
            model_name='policydraft',
            name='created_by',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.membership'),
        ),
        migrations.AddField(
            model_name='policydraft',
            name='rolls_back_to',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.policyversion'),
        ),
        migrations.AddField(
            model_name='policydraft',
            name='saved_by',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.membership'),
        ),
        migrations.AddField(
            model_name='policydraft',
            name='submitted_as',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='drafts', to='approvals.policyversion'),
        ),
        migrations.AddField(
            model_name='policyreview',
            name='reviewer',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.membership'),
        ),
        migrations.AddField(
            model_name='policyreview',
            name='version',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='reviews', to='approvals.policyversion'),
        ),
        migrations.AddField(
            model_name='policysimulation',
            name='compared_with',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.policyversion'),
        ),
        migrations.AddField(
            model_name='policysimulation',
            name='draft',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.policydraft'),
        ),
        migrations.AddField(
            model_name='policysimulation',
            name='requested_by',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.membership'),
        ),
        migrations.AddField(
            model_name='policysimulation',
            name='version',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='simulations', to='approvals.policyversion'),
        ),
        migrations.AddField(
            model_name='shadowresult',
            name='request',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.actionrequest'),
        ),
        migrations.AddField(
            model_name='shadowresult',
            name='version',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='shadow_results', to='approvals.policyversion'),
        ),
        migrations.AddField(
            model_name='simulatedchange',
            name='request',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.actionrequest'),
        ),
        migrations.AddField(
            model_name='simulatedchange',
            name='simulation',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='approvals.policysimulation'),
        ),
        migrations.AddIndex(
            model_name='policydraft',
            index=models.Index(condition=models.Q(('discarded_at__isnull', True), ('submitted_as__isnull', True)), fields=['tenant_id', 'saved_at'], name='policy_draft_open'),
        ),
        migrations.AddConstraint(
            model_name='policyreview',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'version', 'reviewer'), name='policy_review_once'),
        ),
        migrations.AddIndex(
            model_name='policysimulation',
            index=models.Index(fields=['tenant_id', 'requested_at'], name='simulation_time'),
        ),
        migrations.AddIndex(
            model_name='policysimulation',
            index=models.Index(fields=['tenant_id', 'draft', 'requested_at'], name='simulation_draft'),
        ),
        migrations.AddIndex(
            model_name='shadowresult',
            index=models.Index(condition=models.Q(('differs', True)), fields=['tenant_id', 'version', 'evaluated_at', 'id'], name='shadow_differs'),
        ),
        migrations.AddConstraint(
            model_name='shadowresult',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'version', 'request'), name='shadow_result_once'),
        ),
        migrations.AddConstraint(
            model_name='simulatedchange',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'simulation', 'position'), name='simulated_change_once'),
        ),
    ]
