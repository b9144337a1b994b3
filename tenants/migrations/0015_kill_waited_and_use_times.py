"""Whether a kill switch waited for what had begun; how uses of budgets are found by their time."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0014_vault_rotation'),
    ]

    operations = [
        migrations.AddField(
            model_name='killswitch',
            name='is_complete',
            field=models.BooleanField(null=True),
        ),
        migrations.AddIndex(
            model_name='budgetuse',
            index=models.Index(fields=['tenant_id', 'ends_at'], name='budget_use_time'),
        ),
        migrations.AddIndex(
            model_name='budgetuse',
            index=models.Index(condition=models.Q(('ends_at', None), ('exceeded_at__isnull', False)), fields=['tenant_id', 'exceeded_at'], name='budget_use_run_passed'),
        ),
    ]
