from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("tenants", "0005_away")]

    operations = [
        migrations.AddField(
            model_name="tenant",
            name="contest_text",
            field=models.CharField(blank=True, db_default="", default="", max_length=500),
        ),
    ]
