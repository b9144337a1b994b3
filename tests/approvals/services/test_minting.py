"""With a permission a short-lived token is had and given out; else the permission stays good."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from threading import Barrier, Event, Semaphore
from typing import Any
from uuid import UUID

import pytest

from approvals.models import ExecutionGrant
from approvals.services import redemption
from approvals.services.execution import issue_grant, redeem_with_key
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Forbidden, Unavailable
from govapp.common.ids import new_id
from govapp.common.tenancy import tenant_transaction
from tenants.models import Integration, IntegrationGrant, VaultSecret
from tenants.principals import AgentPrincipal
from tenants.services import minting
from tenants.services.integration_secrets import rotate_secret, set_secret
from tenants.services.integrations import change_integration, suspend_integration
from tenants.services.reach_grants import grant_integration
from tests.approvals.documents import rule, rules
from tests.approvals.world import World, make_world
from tests.people import make_agent
from tests.support.committed import CommittedDatabase
from tests.support.recorded import read, text_of
from tests.support.token_endpoint import TokenEndpoint, running_token_endpoint
from tests.tenants.systems import pass_check

CLIENT, SECRET = "govapp", "client-secret-8c1f5e2a7d"


@pytest.fixture
def server() -> Iterator[TokenEndpoint]:
    with running_token_endpoint(clients={CLIENT: SECRET}) as running:
        yield running


@pytest.fixture
def world(committed_db: CommittedDatabase) -> World:
    return make_world(rules(rule("all", "allow")))


def ready(world: World, server: TokenEndpoint, **token: Any) -> tuple[Integration, str]:
    """Return a system whose tokens are had from the server, and a permission on it."""
    company = world.company
    made = world.reach(kind="injected")
    with tenant_transaction(company.id):
        fields = {"token_url": server.url, "token_with_scopes": True} | token
        made = change_integration(actor=company.olivia, integration=made, **fields)
        pass_check(made)
        set_secret(actor=company.olivia, integration=made, secret=SECRET, client_id=CLIENT)
        pass_check(made)
    return made, permission(world)


def permission(world: World) -> str:
    request = world.submit(integration="acme-bank")
    assert request.status == "allowed", request.trace
    with tenant_transaction(world.company.id):
        return issue_grant(agent=world.agent, request_id=request.pk).token


def use(world: World, token: str) -> Any:
    by = AgentPrincipal(world.company.id, world.agent.pk, new_id())
    return redeem_with_key(token=token, redeemed_by="bank", by=by)


def events(world: World, kind: str) -> list[dict[str, Any]]:
    with tenant_transaction(world.company.id):
        return [read(row) for row in LedgerEvent.objects.filter(type=kind).order_by("id")]


def is_used(world: World) -> bool:
    with tenant_transaction(world.company.id):
        return ExecutionGrant.objects.get().redeemed_at is not None


def test_a_token_is_given_out_with_its_own_end_and_its_scopes(
    world: World, server: TokenEndpoint
) -> None:
    made, token = ready(world, server, token_audience="bank", token_resource="urn:bank")
    used = use(world, token)
    given = used.credential
    assert (given.kind, given.value, given.scopes) == (
        "minted", "minted-token-1", ("payments:read", "payments:write"),
    )  # fmt: skip
    # It ends as the endpoint said, counted from when it was asked for.
    late = used.grant.redeemed_at + timedelta(seconds=server.seconds) - given.expires_at
    assert timedelta(0) <= late < timedelta(seconds=60)
    (asked,) = server.asked
    assert (asked.client, asked.form["scope"], asked.form["audience"], asked.form["resource"]) == (
        (CLIENT, SECRET), "payments:read payments:write", "bank", "urn:bank",
    )  # fmt: skip
    (event,) = events(world, "integration.token_minted")
    data = event["data"]
    assert (event["subject"]["id"], data["secret_version"], data["given_to"], data["scopes"]) == (
        made.public_id, 1, world.agent.public_id, ["payments:read", "payments:write"],
    )  # fmt: skip
    assert (data["token_url"], events(world, "integration.secret_injected")) == (server.url, [])
    with tenant_transaction(world.company.id):
        recorded = " ".join(text_of(row) for row in LedgerEvent.objects.all())
    assert ("minted-token-1" in recorded, SECRET in recorded) == (False, False)
    assert "minted-token-1" not in repr(used)


def test_the_agent_s_grant_says_which_scopes_are_asked_for(
    world: World, server: TokenEndpoint
) -> None:
    _, token = ready(world, server)
    with tenant_transaction(world.company.id):
        grant = IntegrationGrant.objects.get()
        grant.revoked_at = grant.granted_at
        grant.save(update_fields=["revoked_at"])
        IntegrationGrant.objects.create(
            agent=grant.agent, integration=grant.integration, categories=["payments.*"],
            scopes=["payments:read"], granted_by=world.company.olivia,
        )  # fmt: skip
    assert use(world, token).credential.scopes == ("payments:read",)
    assert server.asked[0].form["scope"] == "payments:read"


def declare(world: World, made: Integration, *scopes: str) -> None:
    with tenant_transaction(world.company.id):
        made = Integration.objects.get(pk=made.pk)
        pass_check(
            change_integration(actor=world.company.olivia, integration=made, scopes=list(scopes))
        )


def test_what_the_integration_no_longer_declares_is_not_asked_for(
    world: World, server: TokenEndpoint
) -> None:
    made, token = ready(world, server)
    declare(world, made, "payments:read", "payments:refund")
    assert use(world, token).credential.scopes == ("payments:read",)
    assert server.asked[0].form["scope"] == "payments:read"


def test_with_no_scope_left_nothing_is_asked_for(world: World, server: TokenEndpoint) -> None:
    made, token = ready(world, server)
    declare(world, made, "payments:refund")
    with pytest.raises(Forbidden) as refused:
        use(world, token)
    assert (refused.value.code, refused.value.detail) == (
        "integration_not_granted",
        "No scope that the integration acme-bank declares is granted for this: grant one.",
    )
    assert (is_used(world), server.asked) == (False, [])


def test_an_executing_system_has_no_scope_that_it_was_not_granted(
    world: World, server: TokenEndpoint
) -> None:
    made, token = ready(world, server)
    executor, _ = make_agent(world.company, "executor")
    with tenant_transaction(world.company.id):
        grant_integration(
            actor=world.company.olivia, integration=made, agent=executor,
            categories=["payments.transfer"], scopes=["payments:read"],
        )  # fmt: skip
    by = AgentPrincipal(world.company.id, executor.pk, new_id())
    used = redeem_with_key(token=token, redeemed_by="bank", by=by)
    assert used.credential is not None
    assert used.credential.scopes == ("payments:read",)
    assert server.asked[0].form["scope"] == "payments:read"


def test_without_scopes_none_are_asked_for(world: World, server: TokenEndpoint) -> None:
    _, token = ready(world, server, token_with_scopes=False)
    assert use(world, token).credential.scopes == ()
    assert server.asked[0].form == {"grant_type": "client_credentials"}


FAULTS: dict[str, tuple[dict[str, Any], str]] = {
    "refused": (
        {"clients": {}},
        "The token endpoint refused with status 401: invalid_client.",
    ),
    "broken": ({"instead": (500, b"")}, "The token endpoint refused with status 500."),
    "too long": (
        {"seconds": 901},
        (
            "The tokens of the token endpoint live for 901 seconds, and here at most 900 are"
            " wanted: have them live shorter, or allow longer."
        ),
    ),
    "too much": (
        {"answer": {"scope": "payments:read admin"}},
        "The token endpoint gave a token for more than was asked for.",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_without_a_token_the_permission_is_refused_and_not_used_up(
    world: World, server: TokenEndpoint, name: str
) -> None:
    _, token = ready(world, server)
    fields, said = FAULTS[name]
    usual = {each: getattr(server, each) for each in fields}
    for each, value in fields.items():
        setattr(server, each, value)
    with pytest.raises(Unavailable) as refused:
        use(world, token)
    sentence = (
        f"There is no token for the integration acme-bank. {said} The permission is not used up."
    )
    assert (refused.value.code, refused.value.detail) == ("token_not_minted", sentence)
    assert (is_used(world), events(world, "integration.token_minted")) == (False, [])
    (event,) = events(world, "grant.redeem_refused")
    assert event["data"]["why"] == sentence
    for each, value in usual.items():
        setattr(server, each, value)
    assert use(world, token).credential.value == "minted-token-1"


def test_it_is_given_once_and_the_endpoint_is_asked_for_good_permissions_only(
    world: World, server: TokenEndpoint
) -> None:
    _, token = ready(world, server)
    assert use(world, token).credential.kind == "minted"
    with pytest.raises(Conflict) as refused:
        use(world, token)
    assert (refused.value.code, len(server.asked)) == ("grant_redeemed", 1)
    another = permission(world)
    with tenant_transaction(world.company.id):
        suspend_integration(
            actor=world.company.carl, integration=Integration.objects.get(), reason="Odd."
        )
    with pytest.raises(Conflict) as refused:
        use(world, another)
    assert (refused.value.code, len(server.asked)) == ("integration_suspended", 1)


def test_what_is_cut_while_the_endpoint_is_asked_is_cut(
    world: World, server: TokenEndpoint, committed_db: CommittedDatabase
) -> None:
    made, token = ready(world, server)

    def suspend() -> None:
        with tenant_transaction(world.company.id):
            suspend_integration(actor=world.company.carl, integration=made, reason="Odd.")

    server.before = partial(committed_db.at_once, [suspend])
    with pytest.raises(Conflict) as refused:
        use(world, token)
    assert (refused.value.code, is_used(world)) == ("integration_suspended", False)
    assert events(world, "integration.token_minted") == []


def test_a_token_of_what_was_changed_meanwhile_is_not_given_out(
    world: World, server: TokenEndpoint, committed_db: CommittedDatabase
) -> None:
    made, token = ready(world, server)

    def change() -> None:
        server.before = None
        with tenant_transaction(world.company.id):
            changed = change_integration(
                actor=world.company.olivia, integration=made, token_audience="another"
            )
            pass_check(changed)

    server.before = partial(committed_db.at_once, [change])
    with pytest.raises(Conflict) as refused:
        use(world, token)
    assert (refused.value.code, is_used(world)) == ("integration_changed", False)
    assert use(world, token).credential.kind == "minted"
    assert [each.form.get("audience") for each in server.asked] == [None, "another"]


def test_at_once_a_permission_has_one_token_and_nobody_waits(
    world: World,
    server: TokenEndpoint,
    committed_db: CommittedDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, token = ready(world, server)
    monkeypatch.setattr(minting, "SECONDS", 60.0)
    told = Semaphore(0)
    answered: list[bool] = []

    def use_and_tell() -> Any:
        try:
            return use(world, token)
        finally:
            told.release()

    # The endpoint says nothing until all others have their answer.
    server.before = lambda: answered.extend(told.acquire(timeout=50) for _ in range(3))
    outcomes = committed_db.at_once([use_and_tell] * 4)
    assert (len(server.asked), answered) == (1, [True] * 3)
    codes = sorted(getattr(each, "code", "used") for each in outcomes)
    assert codes == ["token_not_minted", "token_not_minted", "token_not_minted", "used"]
    refused = [each for each in outcomes if isinstance(each, Unavailable)]
    said = (
        "There is no token for the integration acme-bank. Others are being had at this moment:"
        " try again. The permission is not used up."
    )
    assert {(each.detail, each.retry_after) for each in refused} == {(said, 1)}
    assert events(world, "grant.redeem_refused") == []  # they only had to wait for their turn
    assert len(events(world, "integration.token_minted")) == 1


def test_who_comes_too_late_has_no_token_that_nobody_is_given(
    world: World,
    server: TokenEndpoint,
    committed_db: CommittedDatabase,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    _, token = ready(world, server)
    both, done = Barrier(2, timeout=60), Event()

    @contextmanager
    def in_turn(tenant_id: UUID) -> Iterator[bool]:
        """Both have found the permission good; the second comes when the first has used it."""
        is_first = both.wait() == 0
        if not is_first:
            done.wait(60)
        with minting.place(tenant_id) as has_place:
            yield has_place
        if is_first:
            done.set()

    monkeypatch.setattr(redemption, "place", in_turn)
    outcomes = committed_db.at_once([partial(use, world, token)] * 2)
    codes = sorted(getattr(each, "code", "used") for each in outcomes)
    assert (codes, len(server.asked)) == (["grant_redeemed", "used"], 1)


def test_while_a_client_is_replaced_the_former_one_still_works(
    world: World, server: TokenEndpoint
) -> None:
    made, token = ready(world, server)
    with tenant_transaction(world.company.id):
        rotate_secret(
            actor=world.company.olivia, integration=made, secret="not-known-there-yet",
            client_id=CLIENT, overlap=timedelta(hours=1),
        )  # fmt: skip
    assert use(world, token).credential.kind == "minted"
    assert [each.client[1] for each in server.asked] == ["not-known-there-yet", SECRET]
    (event,) = events(world, "integration.token_minted")
    with tenant_transaction(world.company.id):
        row = VaultSecret.objects.get()
    data, marks = event["data"], (row.previous_fingerprint, row.fingerprint)
    assert (data["secret_version"], data["mark"], row.version) == (1, marks[0], 2)
    server.clients[CLIENT] = "not-known-there-yet"
    assert use(world, permission(world)).credential.kind == "minted"
    data = events(world, "integration.token_minted")[-1]["data"]
    assert (data["secret_version"], data["mark"]) == (2, marks[1])
