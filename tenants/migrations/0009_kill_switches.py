"""Kill switches, and the one function by which whoever is let in reads them."""

import django.db.models.deletion
import govapp.common.ids
import govapp.common.models
import govapp.common.tenancy
from django.db import migrations, models


# A lock that everybody shares who is let in, and that whoever throws a switch takes alone; then the
# switches, read after the lock was given: a volatile function sees what was committed meanwhile,
# also within a statement that began before. Those resumed within the hour are listed as well,
# because permissions that died with them stay dead.
CREATE = """
CREATE FUNCTION govapp_thrown(tenant uuid) RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
DECLARE found jsonb;
BEGIN
  PERFORM pg_advisory_xact_lock_shared(hashtextextended('kill:' || tenant::text, 0));
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'scope', k.scope, 'ref', k.ref, 'name', k.name, 'agent_id', k.agent_id,
           'thrown_at', k.thrown_at, 'resumed_at', k.resumed_at)), '[]'::jsonb)
    INTO found
    FROM tenants_killswitch k
   WHERE k.tenant_id = tenant AND NOT k.is_drill
     AND (k.resumed_at IS NULL OR k.resumed_at > govapp_now() - interval '1 hour');
  RETURN found;
END $$;
"""


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0008_cred'),
    ]

    operations = [
        migrations.CreateModel(
            name='KillSwitch',
            fields=[
                ('id', models.UUIDField(default=govapp.common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ('tenant_id', models.UUIDField(default=govapp.common.tenancy.require_tenant_id, editable=False)),
                ('scope', models.CharField(choices=[('tenant', 'Everything'), ('agent', 'One agent'), ('integration', 'One integration'), ('category', 'A category, or all below one'), ('delegation', 'A delegation, and everything under it')], max_length=12)),
                ('ref', models.CharField(blank=True, default='', max_length=100)),
                ('name', models.CharField(blank=True, default='', max_length=100)),
                ('reason', models.CharField(max_length=500)),
                ('pending', models.CharField(choices=[('hold', 'Held: nobody can decide them until it is resumed'), ('cancel', 'Cancelled, for good')], default='hold', max_length=6)),
                ('thrown_at', models.DateTimeField()),
                ('resumed_at', models.DateTimeField(null=True)),
                ('resume_reason', models.CharField(blank=True, default='', max_length=500)),
                ('is_drill', models.BooleanField(default=False)),
                ('ended_at', models.DateTimeField(null=True)),
                ('stopped', models.JSONField(default=dict)),
                ('took_ms', models.PositiveIntegerField(default=0)),
                ('settled_at', models.DateTimeField(null=True)),
                ('cancelled', models.PositiveIntegerField(default=0)),
                ('agent', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.agent')),
                ('resumed_by', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.membership')),
                ('thrown_by', govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='tenants.membership')),
            ],
            options={
                'indexes': [models.Index(condition=models.Q(('resumed_at__isnull', False)), fields=['tenant_id', 'resumed_at'], name='kill_switch_resumed'), models.Index(fields=['tenant_id', 'thrown_at', 'id'], name='kill_switch_time'), models.Index(condition=models.Q(('is_drill', False), ('pending', 'cancel'), ('settled_at__isnull', True)), fields=['thrown_at'], name='kill_switch_unsettled')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('is_drill', False), ('resumed_at__isnull', True)), fields=('tenant_id', 'scope', 'ref'), name='kill_switch_thrown_once'), models.CheckConstraint(condition=models.Q(models.Q(('resumed_at__isnull', True), ('resumed_by__isnull', True)), models.Q(('resumed_at__isnull', False), ('resumed_by__isnull', False)), _connector='OR'), name='kill_switch_resumed_by_somebody'), models.CheckConstraint(condition=models.Q(('resumed_by', models.F('thrown_by')), _negated=True), name='kill_switch_second_person'), models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('is_drill', False)), models.Q(('ended_at__isnull', False), ('is_drill', True), ('resumed_at__isnull', True)), _connector='OR'), name='kill_switch_drill_ends')],
            },
        ),
        migrations.RunSQL(CREATE, "DROP FUNCTION IF EXISTS govapp_thrown(uuid)"),
    ]
