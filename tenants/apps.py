from importlib import import_module

from django.apps import AppConfig


class TenantsConfig(AppConfig):
    name = "tenants"

    def ready(self) -> None:
        import_module("tenants.doors")
        import_module("tenants.selectors.stopping")
        import_module("tenants.signals")
        import_module("tenants.services.autonomy")
        import_module("tenants.services.trust")
