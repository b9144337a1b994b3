from importlib import import_module

from django.apps import AppConfig


class AuditConfig(AppConfig):
    name = "audit"

    def ready(self) -> None:
        import_module("audit.doors")
        import_module("audit.search_doors")
        import_module("audit.checks")
