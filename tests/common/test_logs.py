"""Logs: what a fault leaves in them, and what it does not."""

import io
import json
import logging
import logging.config
from collections.abc import Iterator
from contextlib import contextmanager

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


def formatter_of(*, as_json: bool) -> logging.Formatter:
    config = logging_config(as_json=as_json, level="INFO")
    made: logging.Formatter = logging.config.DictConfigurator(config).configure_formatter(
        config["formatters"]["line"]
    )
    return made


@contextmanager
def lines(*, as_json: bool) -> Iterator[io.StringIO]:
    """Collect what a process writes that logs with this format."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(formatter_of(as_json=as_json))
    logging.getLogger().addHandler(handler)
    yield stream
    logging.getLogger().removeHandler(handler)


@pytest.mark.django_db
@pytest.mark.parametrize("as_json", [False, True])
def test_a_fault_in_the_webhook_transport_tells_no_secret(as_json: bool) -> None:
    world = make_world(FOUR_EYES)
    with tenant_transaction(world.company.id):
        endpoint, _ = create_endpoint(actor=world.company.olivia, url="http://127.0.0.1:9/")
        CallbackEndpoint.objects.filter(pk=endpoint.pk).update(secret_sealed=seal(SECRET.encode()))
    request = world.submit(callback_endpoint=endpoint.pk)
    world.vote(world.company.alice, request)
    world.vote(world.company.bob, request)
    with tenant_transaction(world.company.id):
        row = CallbackDelivery.objects.get()
    with lines(as_json=as_json) as written:
        assert deliver_callback(tenant_id=world.company.id, delivery_id=row.pk)
    said = written.getvalue()
    assert "delivery.fault" in said
    assert "binascii.Error" in said
    assert "do-not-tell" not in said


def test_a_line_of_json_is_an_object_whoever_logs() -> None:
    record = logging.LogRecord("django", logging.ERROR, "x.py", 1, "No %s.", ("way",), None)
    line = json.loads(formatter_of(as_json=True).format(record))
    assert {name: line[name] for name in ("event", "level", "logger")} == {
        "event": "No way.",
        "level": "error",
        "logger": "django",
    }


def test_every_process_logs_through_the_standard_library() -> None:
    factory = structlog.get_config()["logger_factory"]
    assert isinstance(factory, structlog.stdlib.LoggerFactory)
    assert settings.LOGGING["root"]["handlers"] == ["console"]
