"""What a submission asks about the past: the counts of its run, and amounts that were granted."""

from django.db import migrations, models


# One trip for the lock and for what is counted under it: each statement of a volatile function
# sees what was committed before it began, so the count sees what the lock has waited for. It runs
# with the rights of its caller: row-level security holds inside. Its name contains the table's, so
# that rows which are gathered are sent before it is asked (govapp/common/writing.py).
RUN_COUNTS = """
CREATE FUNCTION approvals_actionrequest_run_counts(
  its_tenant uuid, its_agent uuid, its_run text, counted text[], is_locked boolean)
RETURNS jsonb LANGUAGE plpgsql VOLATILE AS $$
BEGIN
  IF is_locked THEN
    PERFORM pg_advisory_xact_lock(hashtextextended('run:' || its_agent || ':' || its_run, 0));
  END IF;
  RETURN (
    SELECT coalesce(jsonb_object_agg(category_key, actions), '{}') FROM (
      SELECT category_key, count(*) AS actions FROM approvals_actionrequest
      WHERE tenant_id = its_tenant AND agent_id = its_agent AND run_key = its_run
      AND run_key <> '' AND status = ANY(counted)
      GROUP BY category_key) AS by_category);
END $$;
"""
NO_RUN_COUNTS = """
DROP FUNCTION approvals_actionrequest_run_counts(uuid, uuid, text, text[], boolean);
"""


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0006_change3'),
        ('tenants', '0002_office_hours'),
    ]

    operations = [
        migrations.AlterField(
            model_name='notification',
            name='kind',
            field=models.CharField(choices=[('requested', 'Your approval is needed'), ('reminder', 'Reminder'), ('escalated', 'Escalated to you'), ('decided', 'Decided'), ('alert', 'Alert'), ('informed', 'For your information')], max_length=10),
        ),
        migrations.AddIndex(
            model_name='actionrequest',
            index=models.Index(condition=models.Q(('status__in', ['allowed', 'approved'])), fields=['tenant_id', 'category_key', 'submitted_at', 'id'], name='request_granted'),
        ),
        migrations.RunSQL(RUN_COUNTS, NO_RUN_COUNTS),
    ]
