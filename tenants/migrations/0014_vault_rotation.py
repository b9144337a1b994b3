"""Versions of the tenant's data key; where integrations have short-lived tokens."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('tenants', '0013_delegated_tokens'),
    ]

    operations = [
        migrations.AddField(
            model_name='integration',
            name='token_url',
            field=models.CharField(blank=True, db_default='', default='', max_length=500),
        ),
        migrations.AddField(
            model_name='integration',
            name='token_auth',
            field=models.CharField(choices=[('basic', 'In the header (HTTP Basic)'), ('post', 'In the body')], db_default='basic', default='basic', max_length=5),
        ),
        migrations.AddField(
            model_name='integration',
            name='token_with_scopes',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.AddField(
            model_name='integration',
            name='token_audience',
            field=models.CharField(blank=True, db_default='', default='', max_length=300),
        ),
        migrations.AddField(
            model_name='integration',
            name='token_resource',
            field=models.CharField(blank=True, db_default='', default='', max_length=300),
        ),
        migrations.AddField(
            model_name='integration',
            name='token_seconds',
            field=models.PositiveIntegerField(db_default=900, default=900),
        ),
        migrations.RemoveConstraint(
            model_name='tenantkey',
            name='tenant_key_once',
        ),
        migrations.AddField(
            model_name='tenantkey',
            name='version',
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddField(
            model_name='tenantkey',
            name='replaced_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='tenantkey',
            name='destroyed_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AlterField(
            model_name='tenantkey',
            name='key_sealed',
            field=models.BinaryField(null=True),
        ),
        migrations.AddField(
            model_name='vaultsecret',
            name='key_version',
            field=models.PositiveIntegerField(db_default=1, default=1),
        ),
        migrations.AddIndex(
            model_name='tenantkey',
            index=models.Index(condition=models.Q(('destroyed_at', None), ('replaced_at__isnull', False)), fields=['tenant_id'], name='tenant_key_to_destroy'),
        ),
        migrations.AddIndex(
            model_name='vaultsecret',
            index=models.Index(fields=['tenant_id', 'key_version', 'id'], name='vault_key_version'),
        ),
        migrations.AddConstraint(
            model_name='tenantkey',
            constraint=models.UniqueConstraint(fields=('tenant_id', 'version'), name='tenant_key_version'),
        ),
        migrations.AddConstraint(
            model_name='tenantkey',
            constraint=models.UniqueConstraint(condition=models.Q(('replaced_at', None)), fields=('tenant_id',), name='tenant_key_seals_once'),
        ),
        migrations.AddConstraint(
            model_name='tenantkey',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('destroyed_at', None), ('key_sealed__isnull', False)), models.Q(('destroyed_at__isnull', False), ('key_sealed', None), ('replaced_at__isnull', False)), _connector='OR'), name='tenant_key_is_there_or_not'),
        ),
    ]
