from django.db import migrations

CREATE = """
CREATE OR REPLACE FUNCTION govapp_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS
$$ SELECT clock_timestamp() $$;
"""


class Migration(migrations.Migration):
    initial = True
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION IF EXISTS govapp_now()")]
