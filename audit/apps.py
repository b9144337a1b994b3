from importlib import import_module

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        import_module("audit.doors")
        import_module("audit.search_doors")
        import_module("audit.checks")
        import_module("audit.services.pruned_files")
        prune = import_module("audit.prune")
        post_migrate.connect(prune.build_pruning, sender=self, dispatch_uid="audit.prune")
