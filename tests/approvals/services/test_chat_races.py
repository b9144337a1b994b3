"""Pressing in Slack over the real port, and at the same moment as somebody else."""

from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from approvals.enums import RequestStatus, Verdict
from approvals.models import ActionRequest, Vote
from govapp.common.errors import Conflict
from govapp.common.tenancy import tenant_transaction
from tests.approvals.chatting import ALICE, BOB, Chat, connected
from tests.support.committed import CommittedDatabase
from tests.support.slack import deliver, encode, pressed, sign
from tests.support.web import running_web

ROUNDS = 8


@pytest.fixture
def chat(committed_db: CommittedDatabase, settings: Settings) -> Iterator[Chat]:
    with connected(settings) as made:
        yield made


def votes(chat: Chat, request: ActionRequest) -> list[str]:
    with tenant_transaction(chat.world.company.id):
        rows = Vote.objects.filter(request=request).select_related("member__user")
        return sorted(f"{row.member} {row.verdict}" for row in rows)


def press(chat: Chat, user: str) -> Callable[[], int]:
    payload = pressed(chat.buttons(user)["Approve"], user=user)
    return lambda: int(deliver(chat.path, payload).status_code)


def test_a_signed_press_over_the_one_port(chat: Chat) -> None:
    request = chat.request()
    body = encode(pressed(chat.buttons()["Approve"], user=ALICE))
    headers = sign(body) | {"Content-Type": "application/x-www-form-urlencoded"}
    with running_web() as web:
        answers = [
            httpx.post(f"{web.url}{chat.path}", content=body, headers=headers, timeout=120)
            for _ in range(2)
        ]
        tampered = httpx.post(
            f"{web.url}{chat.path}", content=body + b"&x=1", headers=headers, timeout=120
        )
    assert [each.status_code for each in (*answers, tampered)] == [200, 401, 401]
    assert votes(chat, request) == ["Alice approve"]


def test_the_same_call_many_times_at_once_is_answered_once(
    chat: Chat, committed_db: CommittedDatabase
) -> None:
    request = chat.request()
    body = encode(pressed(chat.buttons()["Approve"], user=ALICE))
    headers = sign(body)

    def replay() -> int:
        kind = "application/x-www-form-urlencoded"
        return int(Client().post(chat.path, body, content_type=kind, headers=headers).status_code)

    found = committed_db.at_once([replay] * 6)
    assert Counter(found) == {200: 1, 401: 5}
    assert votes(chat, request) == ["Alice approve"]


def test_two_in_slack_at_once_decide_once(chat: Chat, committed_db: CommittedDatabase) -> None:
    for _ in range(ROUNDS):
        request = chat.request()
        assert committed_db.at_once([press(chat, ALICE), press(chat, BOB)]) == [200, 200]
        assert votes(chat, request) == ["Alice approve", "Bob approve"]
        with tenant_transaction(chat.world.company.id):
            assert ActionRequest.objects.get(pk=request.pk).status == RequestStatus.APPROVED


def test_one_person_in_slack_and_on_the_page_has_one_vote(
    chat: Chat, committed_db: CommittedDatabase
) -> None:
    alice = chat.world.company.alice
    for _ in range(ROUNDS):
        request = chat.request()
        on_page = partial(chat.world.vote, alice, request, Verdict.APPROVE)
        calls: list[Callable[[], object]] = [press(chat, ALICE), on_page]
        in_slack, page = committed_db.at_once(calls)
        assert in_slack == 200
        assert isinstance(page, (ActionRequest, Conflict))
        assert votes(chat, request) == ["Alice approve"]
