"""Asking as somebody, and what the tables look like before and after."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from django.test import Client

from tenants.models import Membership
from tests.conftest import DATABASE
from tests.isolation.lives import Life
from tests.support.services import Services
from tests.support.tables import TABLES

_CSRF = re.compile(rb'name="csrfmiddlewaretoken" value="\w+"|hx-headers=\'[^\']*\'')
_INSTANCE = re.compile(rb"req_[0-9a-z]{26}")
Answer = tuple[int, str, bytes]
Marks = Callable[[], list[tuple[Any, ...]]]


def as_member(member: Membership) -> Client:
    client = Client(raise_request_exception=False)
    client.force_login(member.user)
    return client


def as_agent(life: Life) -> Client:
    headers = {"Authorization": f"Bearer {life.key}", "Idempotency-Key": "another"}
    return Client(raise_request_exception=False, headers=headers)


def as_program(life: Life) -> Client:
    headers = {"Authorization": f"Bearer {life.member_key}"}
    return Client(raise_request_exception=False, headers=headers)


def ask(client: Client, verb: str, path: str, *named: str, **data: Any) -> Answer:
    """Return status, type and body, without what differs between two equal answers."""
    sent = {"content_type": "application/json", "data": "{}"} if path.startswith("/api/") else data
    if verb in ("GET", "HEAD", "OPTIONS"):
        sent = {}
    response: Any = (
        client.generic(verb, path) if not sent else getattr(client, verb.lower())(path, **sent)
    )
    streams = getattr(response, "streaming", False)
    body = b"".join(getattr(response, "streaming_content", ())) if streams else response.content
    body = _INSTANCE.sub(b"req", _CSRF.sub(b"", body))
    for word in named:
        body = body.replace(word.encode(), b"<named>")
    return response.status_code, response.get("Content-Type", ""), body


@pytest.fixture
def marks(services: Services) -> Iterator[Marks]:
    """Return a mark of every row there is, in all tables but the one of sessions."""
    with psycopg.connect(services.admin_url(DATABASE), autocommit=True) as admin:
        names = admin.execute(TABLES)
        one = "SELECT '{0}', count(*), md5(string_agg(ctid::text || xmin, ',' ORDER BY ctid)) FROM"
        query = " UNION ALL ".join(
            f'{one.format(name)} "{name}"' for (name,) in names if name != "django_session"
        )
        yield lambda: sorted(admin.execute(query).fetchall())
