"""What docs/streaming.md says of a signature, run as it stands there."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from pytest_django.fixtures import Settings

from audit.transports.batch import Batch, DeliveryFailed, Line
from audit.transports.webhook import send_batch
from govapp.common.webhooks import new_secret
from tests.support.receiver import Received, running_receiver

PAGE = Path(settings.BASE_DIR) / "docs" / "streaming.md"
NOW = datetime(2026, 5, 4, 10, 20, 30, tzinfo=UTC)
BATCH = Batch("ast_1.41-42", "ast_1", [Line(41, {}, b'{"a":"Zo\xc3\xab"}'), Line(42, {}, b"{}")])


def block(language: str) -> str:
    (found,) = re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)
    return str(found)


def sent(*keys: str) -> Received:
    with running_receiver() as receiver:
        send_batch(receiver.url, BATCH, keys=keys, authorization="", now=NOW)
        (received,) = receiver.received
        return received


def test_the_python_of_the_page_verifies_and_refuses() -> None:
    names: dict[str, Any] = {}
    exec(block("python"), names)  # noqa: S102 - the page is ours
    is_signed: Callable[[dict[str, str], bytes, str], bool] = names["is_signed"]
    former, present = new_secret(), new_secret()
    received = sent(present, former)
    assert received.body == b'{"a":"Zo\xc3\xab"}\n{}\n'
    for secret in (former, present):
        assert is_signed(received.headers, received.body, secret)
    assert not is_signed(received.headers, received.body, new_secret())
    assert not is_signed(received.headers, received.body + b" ", present)
    assert not is_signed(received.headers | {"webhook-id": "ast_1.41-43"}, received.body, present)


def test_the_openssl_of_the_page_says_the_same(tmp_path: Path) -> None:
    shell, openssl = shutil.which("sh"), shutil.which("openssl")
    assert shell, "There is no shell."
    assert openssl, "Install openssl: ./run doctor says how."
    secret = new_secret()
    received = sent(secret)
    (tmp_path / "body").write_bytes(received.body)
    given = {
        "SECRET": secret,
        "WEBHOOK_ID": received.headers["webhook-id"],
        "WEBHOOK_TIMESTAMP": received.headers["webhook-timestamp"],
    }
    ran = subprocess.run(
        [shell, "-c", block("sh")], cwd=tmp_path, env=os.environ | given,
        capture_output=True, check=True, text=True,
    )  # fmt: skip
    assert f"v1,{ran.stdout.strip()}" == received.headers["webhook-signature"]


def test_the_headers_of_the_page_are_those_that_are_sent() -> None:
    headers = sent(new_secret()).headers
    assert {name: headers[name] for name in headers if name.startswith(("govapp-", "idem"))} == {
        "idempotency-key": "ast_1.41-42", "govapp-stream": "ast_1", "govapp-first-index": "41",
        "govapp-last-index": "42", "govapp-events": "2",
    }  # fmt: skip
    page = PAGE.read_text().lower()
    assert [name for name in headers if name.startswith("govapp-") and name not in page] == []


def test_nothing_goes_inside_or_without_tls_where_that_is_wanted(settings: Settings) -> None:
    with running_receiver() as receiver:
        settings.CALLBACKS_MAY_GO_TO_LOOPBACK = False
        with pytest.raises(DeliveryFailed, match="not on the public Internet"):
            send_batch(receiver.url, BATCH, keys=[new_secret()], authorization="", now=NOW)
        settings.CALLBACKS_NEED_HTTPS = True
        with pytest.raises(DeliveryFailed, match="does not begin with https"):
            send_batch(receiver.url, BATCH, keys=[new_secret()], authorization="", now=NOW)
        assert receiver.received == []
