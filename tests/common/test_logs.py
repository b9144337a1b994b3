"""Logs: what a fault leaves in them, and what it does not."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator

import pytest
import structlog
from django.conf import settings

from approvals.models import CallbackDelivery, CallbackEndpoint
from approvals.services.callbacks import create_endpoint
from approvals.services.delivery import deliver_callback
from govapp.common.logs import logging_config
from govapp.common.sealing import seal
from govapp.common.tenancy import tenant_transaction
from tests.approvals.world import FOUR_EYES, make_world

# No base64: whoever wants to sign with it raises, with the secret among the locals.
SECRET = "whsec_do-not-tell"


@pytest.fixture(params=[False, True], ids=["plain", "json"])
def lines(db: None, request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    """What a process writes that logs with this format."""
    config = logging_config(as_json=request.param, level="INFO")
    formatter = logging.config.DictConfigurator(config).configure_formatter(
        config["formatters"]["line"]
    )
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter)
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


def test_a_fault_in_the_webhook_transport_tells_no_secret(lines: io.StringIO) -> None:
    world = make_world(FOUR_EYES)
    with tenant_transaction(world.company.id):
        endpoint, _ = create_endpoint(actor=world.company.olivia, url="http://127.0.0.1:9/")
        CallbackEndpoint.objects.filter(pk=endpoint.pk).update(secret_sealed=seal(SECRET.encode()))
    request = world.submit(callback_endpoint=endpoint.pk)
    world.vote(world.company.alice, request)
    world.vote(world.company.bob, request)
    with tenant_transaction(world.company.id):
        row = CallbackDelivery.objects.get()
    assert deliver_callback(tenant_id=world.company.id, delivery_id=row.pk)
    said = lines.getvalue()
    assert "delivery.fault" in said
    assert "binascii.Error" in said
    assert "do-not-tell" not in said


def test_a_line_of_json_is_an_object_whoever_logs() -> None:
    config = logging_config(as_json=True, level="INFO")
    formatter = logging.config.DictConfigurator(config).configure_formatter(
        config["formatters"]["line"]
    )
    record = logging.LogRecord("django", logging.ERROR, "x.py", 1, "No %s.", ("way",), None)
    line = json.loads(formatter.format(record))
    assert {name: line[name] for name in ("event", "level", "logger")} == {
        "event": "No way.",
        "level": "error",
        "logger": "django",
    }


def test_every_process_logs_through_the_standard_library() -> None:
    factory = structlog.get_config()["logger_factory"]
    assert isinstance(factory, structlog.stdlib.LoggerFactory)
    assert settings.LOGGING["root"]["handlers"] == ["console"]
