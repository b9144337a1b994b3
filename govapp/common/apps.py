from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate


def _protect(using: str, **_: Any) -> None:
    from django.db import connections

    from govapp.common.clock import INSTALL_SETTABLE_CLOCK
    from govapp.common.doors import build_doors
    from govapp.common.forgetting import build_forgetting
    from govapp.common.rowsecurity import protect_tables

    if settings.CLOCK_IS_SETTABLE:
        connections[using].cursor().execute(INSTALL_SETTABLE_CLOCK)
    protect_tables(connections[using])
    build_doors(connections[using])
    build_forgetting(connections[using])


class CommonConfig(AppConfig):
    name = "govapp.common"
    label = "common"

    def ready(self) -> None:
        import govapp.common.api.openapi  # noqa: F401 - drf-spectacular finds it when it is loaded

        # The last app's signal has all tables; the work is idempotent, so order does not matter.
        post_migrate.connect(_protect, sender=self, dispatch_uid="govapp.common.protect")
