from importlib import import_module

from django.apps import AppConfig


class ApprovalsConfig(AppConfig):
    name = "approvals"

    def ready(self) -> None:
        import_module("approvals.doors")
        import_module("approvals.delegation_tokens")
        import_module("approvals.departures")
        import_module("approvals.erasers")
        import_module("approvals.kill_effects")
        import_module("approvals.offers")
        import_module("approvals.retention")
        import_module("approvals.retention_of_runs")
        import_module("approvals.stand_in_news")
        import_module("approvals.services.reading")
        import_module("approvals.services.report_delivery")
        import_module("approvals.services.stream_news")
