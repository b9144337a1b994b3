from django.db import migrations, models

# What chains hold for permissions that nobody used is given back, as what is held from now on is:
# an hour after the upgrade at the latest; whoever asks for one then holds it again. The owner of
# the tables is held by row-level security like everybody, and no tenant is set here.
GIVEN_BACK = """
ALTER TABLE approvals_delegationspend NO FORCE ROW LEVEL SECURITY;
ALTER TABLE approvals_actionrequest NO FORCE ROW LEVEL SECURITY;
UPDATE approvals_delegationspend held SET expires_at = now() + interval '1 hour'
  FROM approvals_actionrequest asked
 WHERE asked.tenant_id = held.tenant_id AND asked.id = held.request_id
   AND held.state = 'reserved' AND held.expires_at IS NULL
   AND asked.status IN ('allowed', 'approved')
   AND asked.execution_state IN ('not_started', 'granted');
ALTER TABLE approvals_actionrequest FORCE ROW LEVEL SECURITY;
ALTER TABLE approvals_delegationspend FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("approvals", "0022_delegations"),
    ]

    operations = [
        migrations.AddField(
            model_name="delegationspend",
            name="expires_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RunSQL(GIVEN_BACK, migrations.RunSQL.noop),
        migrations.RemoveConstraint(
            model_name="delegationspend",
            name="delegation_spend_once",
        ),
        migrations.AddConstraint(
            model_name="delegationspend",
            constraint=models.UniqueConstraint(
                fields=("tenant_id", "request", "currency"), name="delegation_spend_each"
            ),
        ),
        migrations.AddIndex(
            model_name="delegationspend",
            index=models.Index(
                condition=models.Q(("expires_at__isnull", False), ("state", "reserved")),
                fields=["expires_at"],
                name="delegation_spend_expiry",
            ),
        ),
    ]
