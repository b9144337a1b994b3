"""Events in partitions of a year each: what there is becomes the first of them, as it stands."""

from django.db import migrations

# The table of now takes everything up to the end of this year, without a copy: it is scanned once,
# to see that its ids are of that time. What names it from outside (foreign keys) or would be there
# twice (triggers, policies) goes, and is made again after the migration from the models.
_PARTITION = """
DO $$
DECLARE
  this integer := extract(year FROM now() AT TIME ZONE 'UTC');
  first text := 'audit_ledgerevent_' || this;
  found record;
BEGIN
  FOR found IN SELECT conname, conrelid::regclass AS at FROM pg_constraint
               WHERE confrelid = 'audit_ledgerevent'::regclass AND contype = 'f' LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.at, found.conname);
  END LOOP;
  FOR found IN SELECT tgname FROM pg_trigger
               WHERE tgrelid = 'audit_ledgerevent'::regclass AND NOT tgisinternal LOOP
    EXECUTE format('DROP TRIGGER %I ON audit_ledgerevent', found.tgname);
  END LOOP;
  FOR found IN SELECT policyname FROM pg_policies WHERE schemaname = current_schema()
               AND tablename = 'audit_ledgerevent' LOOP
    EXECUTE format('DROP POLICY %I ON audit_ledgerevent', found.policyname);
  END LOOP;
  FOR found IN SELECT relname FROM pg_index JOIN pg_class ON pg_class.oid = indexrelid
               WHERE indrelid = 'audit_ledgerevent'::regclass LOOP
    EXECUTE format('ALTER INDEX %I RENAME TO %I', found.relname, found.relname || '_' || this);
  END LOOP;
  EXECUTE format('ALTER TABLE audit_ledgerevent RENAME TO %I', first);
  EXECUTE format('CREATE TABLE audit_ledgerevent (LIKE %I INCLUDING DEFAULTS)'
                 ' PARTITION BY RANGE (id)', first);
  ALTER TABLE audit_ledgerevent ADD CONSTRAINT audit_ledgerevent_pkey PRIMARY KEY (id);
  ALTER TABLE audit_ledgerevent ADD CONSTRAINT audit_ledgerevent_tenant_key UNIQUE (tenant_id, id);
  CREATE INDEX event_time ON audit_ledgerevent (tenant_id, occurred_at, id);
  CREATE INDEX event_type ON audit_ledgerevent (tenant_id, type, occurred_at);
  CREATE INDEX event_actor ON audit_ledgerevent (tenant_id, actor_id, occurred_at);
  CREATE INDEX event_subject ON audit_ledgerevent (tenant_id, subject_id, occurred_at);
  CREATE INDEX event_request ON audit_ledgerevent (tenant_id, request_id, id)
    WHERE request_id IS NOT NULL;
  EXECUTE format('ALTER TABLE audit_ledgerevent ATTACH PARTITION %I'
                 ' FOR VALUES FROM (MINVALUE) TO (%L)', first,
    lpad(to_hex((extract(epoch FROM make_timestamptz(this + 1, 1, 1, 0, 0, 0, 'UTC')) * 1000)
      ::bigint), 12, '0') || repeat('0', 20));
  CREATE TABLE audit_ledgerevent_default PARTITION OF audit_ledgerevent DEFAULT;
END $$
"""


class Migration(migrations.Migration):

    dependencies = [
        ("audit", "0011_packjob"),
    ]

    operations = [
        # Backwards there is nothing to do: the models never knew.
        migrations.RunSQL(_PARTITION, migrations.RunSQL.noop),
    ]
