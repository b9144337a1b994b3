"""Drafts of before are versions in review now, and what is live started when it was published."""

from django.db import migrations

# The owner of the tables is held by row-level security like everybody, and no tenant is set here.
_FORWARDS = """
ALTER TABLE approvals_policyversion NO FORCE ROW LEVEL SECURITY;
UPDATE approvals_policyversion SET status = 'in_review' WHERE status = 'draft';
UPDATE approvals_policyversion SET starts_at = published_at WHERE starts_at IS NULL;
ALTER TABLE approvals_policyversion FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [("approvals", "0004_policies_alone")]

    operations = [migrations.RunSQL(_FORWARDS, migrations.RunSQL.noop)]
