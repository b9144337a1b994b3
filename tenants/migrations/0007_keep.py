"""Whether what is older than the time of keeping goes by itself."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0006_contesting'),
    ]

    operations = [
        migrations.AddField(
            model_name='tenant',
            name='prunes_daily',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='tenant',
            name='retention_only_longer',
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
