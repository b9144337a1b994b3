"""Secrets that were planted are looked for everywhere: in the clear they are nowhere.

Each is sought as it is, as hexadecimal and as base64: in every column of every table as the
superuser reads them, in Valkey, in everything that is logged at DEBUG with all statements, in
every page and answer for each role, in refusals, and in what is taken out of the record.
"""

import base64
import io
import json
import logging
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
import redis
from cryptography.fernet import Fernet
from django.conf import settings
from django.db import connection
from django.test import Client
from psycopg import sql
from pypdf import PdfReader
from pytest_django.fixtures import Settings

from approvals.policies import dump_policy, parse_policy
from approvals.services.policies import propose_policy, publish_policy
from approvals.services.watch import watch_tenant
from audit.selectors.events import EventFilter
from audit.services.export_jobs import read_export, request_export, write_export
from audit.services.reports import make_report, request_report
from audit.services.sequencer import sequence_tenant
from govapp.common import clock
from govapp.common.errors import Forbidden, Invalid
from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration
from tenants.services import vault
from tenants.services.integration_secrets import rotate_secret, set_secret
from tests.approvals.documents import rule, rules
from tests.conftest import DATABASE
from tests.isolation.addresses import agent_routes, all_routes, member_routes, tenant_routes
from tests.isolation.asking import as_agent, as_member, as_program
from tests.isolation.lives import Life
from tests.isolation.planted_acts import CLIENT_SECRET, MINTED, mint_tokens, replace_keys
from tests.support.services import Services
from tests.support.tables import TABLES
from tests.tenants.systems import active_system, give

# Long and with marks of their own, so that no id and no text holds one by chance.
FORMER = "sk-planted-former-9c3e7a51d8b2"
MODEL = "sk-planted-model-4f8b2d60e7a9"
INJECTED = "planted injected/+secret=1a6d9e3c57f0"
NEVER = "planted-never-accepted-b7e2c4"
# Loggers with a level of their own.
TALKATIVE = ("django", "django.db.backends", "django.request", "httpx", "httpcore", "celery")


@dataclass(frozen=True)
class Planted:
    """What was planted, and everything that was said while it was used."""

    life: Life
    needles: dict[str, list[bytes]]
    logged: str
    answers: list[bytes]
    given: dict[str, str]

    def found_in(self, *texts: bytes) -> set[str]:
        """Return the names of the secrets that stand in one of these."""
        return {
            name
            for name, forms in self.needles.items()
            if any(form in text for form in forms for text in texts)
        }


def forms_of(secret: bytes) -> list[bytes]:
    """How a secret could stand somewhere: as it is, escaped, in hexadecimal, in base64."""
    text = secret.decode("utf-8", "replace")
    return [
        secret,
        secret.hex().encode(),
        base64.b64encode(secret).rstrip(b"="),
        base64.urlsafe_b64encode(secret).rstrip(b"="),
        quote(text, safe="").encode(),
        json.dumps(text)[1:-1].encode(),
    ]


def secret_part(key: str) -> bytes:
    """Return what of a key is secret: its prefix is shown."""
    return key.rpartition("_")[2].encode()


class Kept(logging.Handler):
    """Keeps every record as it would be written, with its traceback."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        traceback = logging.Formatter().formatException(record.exc_info) if record.exc_info else ""
        self.lines.append(f"{record.name} {record.msg!r} {record.args!r} {traceback}")


@pytest.fixture(scope="module")
def planted(lives: tuple[Life, Life], django_db_blocker: Any) -> Iterator[Planted]:
    """Acme's secrets, after everything was done with them that can be done."""
    life, kept, root = lives[0], Kept(), logging.getLogger()
    loggers = [root, *map(logging.getLogger, TALKATIVE)]
    levels = [each.level for each in loggers]
    root.addHandler(kept)
    for each in loggers:
        each.setLevel(logging.DEBUG)
    with django_db_blocker.unblock():
        connection.force_debug_cursor = True  # all statements, with their parameters
        try:
            answers, given, keys = _use_secrets(life)
        finally:
            connection.force_debug_cursor = False
            root.removeHandler(kept)
            for each, level in zip(loggers, levels, strict=True):
                each.setLevel(level)
        secrets = {
            "former": FORMER.encode(), "model": MODEL.encode(), "injected": INJECTED.encode(),
            "never": NEVER.encode(), "agent": secret_part(life.key),
            "member": secret_part(life.member_key), "client": CLIENT_SECRET.encode(),
            "minted": MINTED.encode(), **keys,
        }  # fmt: skip
        needles = {name: forms_of(secret) for name, secret in secrets.items()}
        yield Planted(life, needles, "\n".join(kept.lines), answers, given)


def _use_secrets(life: Life) -> tuple[list[bytes], dict[str, str], dict[str, bytes]]:
    """Set, replace, open, give out, refuse; return all answers but those that give out, what they
    gave out, and all keys that there were.
    """
    company, agent, olivia = life.company, life.agent, life.company.olivia
    with tenant_transaction(company.id):
        _allow_everything(life)
        model = active_system(company, "planted-model", kind="model", scopes=["chat"])
        system = active_system(company, "planted-bank", kind="injected")
        set_secret(actor=olivia, integration=model, secret=FORMER)
        rotate_secret(actor=olivia, integration=model, secret=MODEL, overlap=timedelta(days=1))
        give(company, agent, model, "model.*")
        give(company, agent, system)
        access = vault.model_key_for(
            agent_id=agent.pk, integration_slug="planted-model", category="model.chat"
        )
        assert (access.key, access.previous_key) == (MODEL, FORMER)
        logging.getLogger("tests").info("%s %r", access, access)
        for wrong in (MODEL, NEVER * 200, f"{NEVER}\0"):
            with pytest.raises(Invalid):
                rotate_secret(actor=olivia, integration=model, secret=wrong, overlap=timedelta(0))
        with pytest.raises(Forbidden):
            set_secret(actor=company.alice, integration=system, secret=NEVER)
    answers = _over_pages(life, system)
    more, given = _over_the_api(life)
    minting = mint_tokens(life)
    keys = replace_keys(life)
    watch_tenant(company.id)
    while sequence_tenant(tenant_id=company.id):
        pass
    told = {"injected": given, "minted": minting.given}
    return [*answers, *more, *minting.answers], told, keys


def _allow_everything(life: Life) -> None:
    source = dump_policy(parse_policy(rules(rule("all", "allow"))))
    version = propose_policy(actor=life.company.carl, source=source)
    publish_policy(actor=life.dora, version=version, attestation="Read and agreed.")


def _over_pages(life: Life, system: Integration) -> list[bytes]:
    """Put a secret in over its form, and try what is refused."""
    owner, other = as_member(life.company.olivia), as_member(life.company.alice)
    url = f"/t/{life.slug}/integrations/{system.public_id}/secret"
    found = [
        other.post(url, {"secret": NEVER}),
        owner.post(url, {"secret": NEVER * 500}),
        owner.post(url, {"secret": INJECTED}),
        owner.post(url, {"secret": NEVER, "hours": "3"}),
        owner.post(url, {"secret": INJECTED, "hours": "24"}),
    ]
    assert [answer.status_code for answer in found] == [403, 422, 302, 422, 422]
    return [answer.content for answer in found]


def _over_the_api(life: Life) -> tuple[list[bytes], str]:
    """Ask, fetch the permission, use it with a key and without, and use it again."""
    agent, path = as_agent(life), "/api/v1/action-requests"
    body = {
        "category": "payments.transfer", "summary": "Sign it", "payload": {"amount": "1.00"},
        "integration": "planted-bank",
    }  # fmt: skip

    def post(url: str, sent: dict[str, Any], client: Client = agent) -> Any:
        headers = {"Idempotency-Key": "planted"}
        return client.post(url, sent, content_type="application/json", headers=headers)

    asked = post(path, body)
    assert (asked.status_code, asked.json()["status"]) == (201, "allowed")
    grant = post(f"{path}/{asked.json()['id']}/grant", {})
    use = {"token": grant.json()["token"], "redeemed_by": "bank"}
    without = post("/api/v1/grants/redeem", use, Client())
    used = post("/api/v1/grants/redeem", use)
    again = post("/api/v1/grants/redeem", use)
    replayed = post(path, body)
    answers = [asked, grant, without, again, replayed]
    assert [each.status_code for each in answers] == [201, 201, 403, 409, 201]
    assert used["Cache-Control"] == "no-store"
    return [each.content for each in answers], used.json()["credential"]["value"]


def test_the_one_answer_that_gives_each_out_has_it(planted: Planted) -> None:
    """Without this, the tests below would look for what is nowhere at all."""
    assert planted.given == {"injected": INJECTED, "minted": MINTED}
    for name, value in planted.given.items():
        assert planted.found_in(value.encode()) == {name}
    assert {len(forms) for forms in planted.needles.values()} == {6}


def test_no_other_answer_has_one(planted: Planted) -> None:
    assert planted.found_in(*planted.answers) == set()


def test_no_line_of_the_log_has_one(planted: Planted) -> None:
    assert "INSERT INTO" in planted.logged  # statements with their parameters are there
    assert "ModelAccess object" in planted.logged
    assert planted.found_in(planted.logged.encode()) == set()


def test_no_column_of_any_table_has_one(planted: Planted, services: Services) -> None:
    found = set()
    with psycopg.connect(services.admin_url(DATABASE)) as admin:
        names = [name for (name,) in admin.execute(TABLES)]
        for name in names:
            rows = admin.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name)))
            text = "\n".join(row for (row,) in rows).encode()
            found |= {(name, secret) for secret in planted.found_in(text)}
    assert "tenants_vaultsecret" in names
    assert found == set()


def test_a_secret_in_a_column_would_be_found(planted: Planted, services: Services) -> None:
    """The detector works: once in a text, once in octets."""
    with psycopg.connect(services.admin_url(DATABASE)) as admin:
        plain = admin.execute("SELECT ROW(%s::text)::text", [INJECTED]).fetchone()
        octets = admin.execute("SELECT ROW(%s::bytea)::text", [MODEL.encode()]).fetchone()
    assert plain is not None
    assert octets is not None
    assert planted.found_in(plain[0].encode(), octets[0].encode()) == {"injected", "model"}


def test_no_key_and_no_value_of_valkey_has_one(planted: Planted) -> None:
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        keys = list(server.scan_iter())
        texts = [key + _value_of(server, key) for key in keys]
    assert planted.found_in(*texts) == set()


def _value_of(server: Any, key: bytes) -> bytes:
    """Read a value as it is: a dump may be compressed."""
    match server.type(key):
        case b"string":
            found = server.get(key)
        case b"hash":
            found = server.hgetall(key)
        case b"list":
            found = server.lrange(key, 0, -1)
        case b"set":
            found = server.smembers(key)
        case b"zset":
            found = server.zrange(key, 0, -1, withscores=True)
        case b"stream":
            found = server.xrange(key)
        case b"none":
            return b""
        case kind:
            raise AssertionError(f"What is a {kind!r}?")
    return found if isinstance(found, bytes) else repr(found).encode()


@pytest.mark.parametrize("who", ["olivia", "carl", "alice", "audrey"])
def test_no_page_shows_one(planted: Planted, who: str) -> None:
    life = planted.life
    client, seen = as_member(getattr(life.company, who)), 0
    found = set()
    with tenant_transaction(life.tenant.pk):
        systems = list(Integration.objects.order_by("slug"))
    paths = [route.fill(life) for route in tenant_routes()]
    paths += [f"/t/{life.slug}/integrations/{each.public_id}/" for each in systems]
    for path in paths:
        answer: Any = client.get(path)
        body = b"".join(getattr(answer, "streaming_content", ())) or getattr(answer, "content", b"")
        seen += answer.status_code == 200
        found |= {(path, secret) for secret in planted.found_in(body, str(answer.headers).encode())}
    assert len(systems) == 4
    assert seen > 20
    assert found == set()


def test_no_answer_of_the_api_shows_one(planted: Planted) -> None:
    life = planted.life
    found, seen = set(), 0
    clients = [
        *((as_agent(life), route) for route in agent_routes()),
        *((as_program(life), route) for route in member_routes()),
        *((Client(), route) for route in all_routes() if "<" not in route.pattern),
    ]
    for client, route in clients:
        if route.pattern.endswith("/events"):
            continue  # a stream that does not end: what it tells are ids
        for verb in ("get", "post"):
            path = route.fill(life)
            sent = {"data": "{}", "content_type": "application/json"} if verb == "post" else {}
            answer: Any = getattr(client, verb)(path, **sent)
            body = b"".join(getattr(answer, "streaming_content", ())) or answer.content
            seen += answer.status_code == 200
            found |= {(path, secret) for secret in planted.found_in(body)}
    assert seen > 10
    assert found == set()


def test_nothing_that_is_taken_out_of_the_record_has_one(planted: Planted) -> None:
    life, found = planted.life, set()
    for form in ("jsonl", "csv", "evidence-pack"):
        with tenant_transaction(life.tenant.pk):
            job = request_export(
                actor=life.company.carl.as_actor(), wanted=EventFilter(), export_format=form
            )
        write_export(tenant_id=life.tenant.pk, job_id=job.pk)
        content = b"".join(read_export(tenant_id=life.tenant.pk, job_id=job.pk))
        parts = [content]
        if form == "evidence-pack":
            with zipfile.ZipFile(io.BytesIO(content)) as pack:
                parts = [pack.read(name) for name in pack.namelist()]
        assert b"integration.secret_injected" in b"".join(parts)
        found |= {(form, secret) for secret in planted.found_in(*parts)}
    assert found == set()


def test_no_report_has_one(planted: Planted) -> None:
    life = planted.life
    with tenant_transaction(life.tenant.pk):
        end = clock.now()
        report = request_report(
            actor=life.company.carl.as_actor(), period_start=end - timedelta(days=7), period_end=end
        )
    make_report(tenant_id=life.tenant.pk, report_id=report.pk)
    with tenant_transaction(life.tenant.pk):
        report.refresh_from_db()
        content = bytes(report.content or b"")
    words = "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages)
    assert "Acme" in words
    assert planted.found_in(words.encode(), content) == set()


def test_a_vault_that_cannot_be_opened_says_nothing(
    planted: Planted, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    """Another installation's key: a refusal in words, and no secret in the page or its log."""
    life = planted.life
    with tenant_transaction(life.tenant.pk):
        system = Integration.objects.get(slug="planted-bank")
    settings.SEALING_KEYS = [Fernet.generate_key().decode()]
    url = f"/t/{life.slug}/integrations/{system.public_id}/secret"
    with caplog.at_level(logging.DEBUG):
        answer = as_member(life.company.olivia).post(url, {"secret": NEVER, "hours": "0"})
    assert answer.status_code == 422
    assert "this installation has another key" in answer.content.decode()
    assert planted.found_in(answer.content, caplog.text.encode()) == set()
