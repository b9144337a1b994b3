"""Calls of models under a delegation."""

import django.db.models.deletion
from django.db import migrations, models

import govapp.common.models


class Migration(migrations.Migration):

    dependencies = [
        ('approvals', '0024_runs_forgotten'),
    ]

    operations = [
        migrations.AddField(
            model_name='modelcall',
            name='delegation',
            field=govapp.common.models.TenantForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='approvals.delegation'),
        ),
        migrations.AddField(
            model_name='modelcall',
            name='delegation_chain',
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name='modelcall',
            name='delegation_held',
            field=models.DecimalField(decimal_places=6, max_digits=18, null=True),
        ),
    ]
