"""PostgreSQL lost in the middle of a call, wherever: 503, and asked again it is done once."""

import json
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client

from approvals.models import ActionRequest, ExecutionGrant
from audit.models import LedgerEvent
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Agent, Credential
from tests.approvals.api.agents import PAYMENT, URL, Caller, make_caller, named
from tests.approvals.world import policy, stage
from tests.people import PASSWORD
from tests.support.committed import CommittedDatabase
from tests.support.losing import cut_wire, end_backend, losing_at

REDEEM = "/api/v1/grants/redeem"
MOST = 120  # places in one call; there are far fewer
ALLOWED = {
    "version": 1,
    "default": "deny",
    "rules": [{"id": "all", "when": {"category": "payments.transfer"}, "then": "allow"}],
}
Lose = Callable[[], None]
Ask = Callable[[], Any]

each_way = pytest.mark.parametrize("lose", [end_backend, cut_wire])


@pytest.fixture(autouse=True)
def one_address_may_ask_often(settings: Any) -> None:
    """What an address may call is counted, and all of these calls come from one."""
    settings.ANONYMOUS_CALLS_PER_SECOND = settings.ANONYMOUS_CALLS_AT_ONCE = 10_000


def call(caller: Caller | None, path: str, body: Any = None, **headers: str) -> Any:
    """Call as `Caller` does, by a client that answers what a server would."""
    client = Client(raise_request_exception=False)
    sent = (caller.headers if caller else {}) | named(headers)
    if body is None:
        return client.get(path, headers=sent)
    return client.post(path, body, content_type="application/json", headers=sent)


def lost_everywhere(lose: Lose, asks: Callable[[int], Ask]) -> list[tuple[str, Any, Any]]:
    """Lose the connection at every place of a call, and ask again.

    Return where it was lost, the answer and the second one, for each place there is.
    """
    found: list[tuple[str, Any, Any]] = []
    for at in range(MOST):
        ask = asks(at)
        with losing_at(at, lose) as places:
            first = ask()
        if not places.lost:
            assert first.status_code < 300, first.content
            return found
        found.append((places.lost, first, ask()))
    raise AssertionError("There is no end of places.")


def check_away(answer: Any) -> None:
    assert (answer.status_code, answer["Retry-After"]) == (503, "10")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer["Cache-Control"] == "no-store"
    assert answer.json()["type"] == "urn:govapp:problem:unavailable"
    # Of what takes no Idempotency-Key, as the use of a permission, no repetition is promised.
    assert answer.json()["detail"] == (
        "A server that is needed for this does not answer, and what was asked for may be done all"
        " the same. Come again after Retry-After. A call that takes an Idempotency-Key: with the"
        " same Idempotency-Key, and it is done once. Any other that changes something: look first"
        " whether it was done."
    )


def standing_of(found: list[tuple[str, Any, Any]]) -> tuple[set[str], set[int]]:
    """Where it was lost, and what was answered then; a note of a key's use delays no answer."""
    for _, first, _ in found:
        if first.status_code >= 300:
            check_away(first)
    return {where for where, _, _ in found}, {first.status_code for _, first, _ in found}


@each_way
def test_a_submission_is_made_once_wherever_the_database_was_lost(
    committed_db: CommittedDatabase, lose: Lose
) -> None:
    world, caller = make_caller()
    keys: list[str] = []

    def asks(_: int) -> Ask:
        keys.append(str(new_id()))
        key = keys[-1]
        return lambda: call(caller, URL, PAYMENT, idempotency_key=key)

    found = lost_everywhere(lose, asks)
    everywhere = {"begin", "statement", "commit", "committed"}
    where, answers = standing_of(found)
    assert (where, answers - {202}) == (everywhere, {503})
    assert {again.status_code for _, _, again in found} == {202}
    # What was lost behind the answer, as the note of a use of the key is, changes nothing of it.
    assert all(a.json() == f.json() for _, f, a in found if f.status_code == 202)
    with tenant_transaction(world.company.id):
        made = list(ActionRequest.objects.all())
        events = LedgerEvent.objects.filter(type="action_request.submitted").count()
    assert (len(made), events) == (len(keys), len(keys))
    assert {each.public_id for each in made} >= {again.json()["id"] for _, _, again in found}


@each_way
def test_a_submission_that_was_kept_and_not_heard_of_is_answered_again(
    committed_db: CommittedDatabase, lose: Lose
) -> None:
    world, caller = make_caller()
    call(caller, URL, PAYMENT, idempotency_key="warm")  # what is looked up once is known from here
    with losing_at(MOST, lose) as places:
        assert call(caller, URL, PAYMENT, idempotency_key="heard").status_code == 202
    # Behind the submission, the use of the key may be noted; before it, the key is looked up.
    commits = [n for n, what in enumerate(places.passed) if what == "committed"]
    tried = 0
    for at in reversed(commits):
        tried += 1
        key = f"unheard-{at}"
        with losing_at(at, lose):
            unheard = call(caller, URL, PAYMENT, idempotency_key=key)
        if unheard.status_code == 503:
            break
    check_away(unheard)
    again = call(caller, URL, PAYMENT, idempotency_key=key)
    assert (again.status_code, again["Idempotency-Replayed"]) == (202, "true")
    with tenant_transaction(world.company.id):
        kept = ActionRequest.objects.order_by("-submitted_at", "-pk").first()
        assert kept is not None
        assert (kept.public_id, ActionRequest.objects.count()) == (again.json()["id"], 2 + tried)


@each_way
def test_a_permission_is_used_once_wherever_the_database_was_lost(
    committed_db: CommittedDatabase, lose: Lose
) -> None:
    world, caller = make_caller(ALLOWED)

    def asks(_: int) -> Ask:
        made = caller.submit().json()
        token = caller.post(f"{URL}/{made['id']}/grant").json()["token"]
        return lambda: call(None, REDEEM, {"token": token, "redeemed_by": "acme-bank"})

    found = lost_everywhere(lose, asks)
    where, answers = standing_of(found)
    assert (where, answers) == ({"begin", "statement", "commit", "committed"}, {503})
    second = Counter((where, again.status_code) for where, _, again in found)
    # Nobody heard of what was committed: that it was used is said, and it is not used again.
    assert {key for key in second if key[1] != 200} == {("committed", 409)}
    with tenant_transaction(world.company.id):
        grants = ExecutionGrant.objects.exclude(redeemed_at=None).count()
        used = LedgerEvent.objects.filter(type="grant.redeemed").count()
        refused = LedgerEvent.objects.filter(type="grant.redeem_refused").count()
    assert (grants, used) == (len(found) + 1, len(found) + 1)
    assert refused == second["committed", 409]


@each_way
def test_a_permission_is_issued_again_when_nobody_heard_of_it(
    committed_db: CommittedDatabase, lose: Lose
) -> None:
    _, caller = make_caller(ALLOWED)

    made: list[str] = []

    def asks(at: int) -> Ask:
        made.append(caller.submit().json()["id"])
        return lambda: call(caller, f"{URL}/{made[at]}/grant", {})

    found = lost_everywhere(lose, asks)
    assert 503 in standing_of(found)[1]
    second = Counter((where, again.status_code) for where, _, again in found)
    # One that nobody heard of is replaced when it has run out.
    assert {key for key in second if key[1] != 201} == {("committed", 409)}
    committed_db.move_clock(timedelta(minutes=6))
    for at, (where, _, again) in enumerate(found):
        if (where, again.status_code) == ("committed", 409):
            assert call(caller, f"{URL}/{made[at]}/grant", {}).status_code == 201


@each_way
@pytest.mark.parametrize(
    "path", [URL, "/api/v1/status-list", "/api/v1/budgets", "/.well-known/jwks.json"]
)
def test_what_is_read_is_read_again(committed_db: CommittedDatabase, lose: Lose, path: str) -> None:
    _, caller = make_caller()
    caller.submit()
    found = lost_everywhere(lose, lambda _: lambda: call(caller, path))
    for _, first, again in found:
        assert (first.status_code, again.status_code) in {(503, 200), (200, 200)}
        assert first.status_code == 200 or first["Content-Type"] == "application/problem+json"
    assert 503 in {first.status_code for _, first, _ in found}


@each_way
def test_whoever_wants_a_token_is_told_as_clients_of_oauth_understand(
    committed_db: CommittedDatabase, lose: Lose
) -> None:
    world, caller = make_caller()
    with tenant_transaction(world.company.id):
        agent = Agent.objects.get(name="caller").public_id
    form = {"grant_type": "client_credentials", "client_id": agent, "client_secret": caller.key}

    def ask() -> Any:
        kind = "application/x-www-form-urlencoded"
        return Client(raise_request_exception=False).post("/oauth/token", urlencode(form), kind)

    found = lost_everywhere(lose, lambda _: ask)
    for _, first, again in found:
        assert (first.status_code, first["Retry-After"]) == (503, "10")
        assert json.loads(first.content)["error"] == "temporarily_unavailable"
        assert again.status_code == 200
    assert found


@pytest.mark.parametrize(("path", "lose"), [("inbox/", end_backend), ("requests/{}/", cut_wire)])
def test_people_get_a_page_that_says_so(
    committed_db: CommittedDatabase, lose: Lose, path: str
) -> None:
    world, caller = make_caller(policy(stage("finance")))
    asked = caller.submit().json()["id"]
    client = Client(raise_request_exception=False)
    client.login(username=world.company.olivia.user.email, password=PASSWORD)
    found = lost_everywhere(lose, lambda _: lambda: client.get(f"/t/acme/{path.format(asked)}"))
    for _, first, again in found:
        assert (first.status_code, first["Retry-After"]) == (503, "10")
        assert "Not available for a moment" in first.content.decode()
        assert again.status_code == 200
    assert found


def test_the_use_of_a_key_that_could_not_be_noted_delays_nothing(
    committed_db: CommittedDatabase,
) -> None:
    world, caller = make_caller()
    with losing_at(MOST, cut_wire) as places:
        assert call(caller, URL).status_code == 200
    note = len(places.passed) - 1 - places.passed[::-1].index("begin")
    _, other = make_caller(slug="globex")
    with losing_at(note, cut_wire):
        assert call(other, URL).status_code == 200
    with tenant_transaction(world.company.id):
        assert Credential.objects.exclude(last_used_at=None).count() == 1
