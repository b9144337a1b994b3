"""Using a permission once, ever; and what an attacker tries."""

import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from approvals.models import ActionRequest, ExecutionGrant, GrantKey
from approvals.services.execution import IssuedGrant, issue_grant, redeem_grant
from audit.models import LedgerEvent
from govapp.common.errors import Conflict, Invalid, NotFound
from govapp.common.sealing import unseal
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tenants.services.agents import pause_agent
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.conftest import MoveClock
from tests.support.committed import CommittedDatabase
from tests.support.recorded import text_of

Claims = dict[str, Any]


@pytest.fixture
def world(db: None) -> World:
    return make_world(FOUR_EYES)


def approved(world: World) -> ActionRequest:
    request = world.submit()
    world.vote(world.company.alice, request)
    return world.vote(world.company.bob, request)


def issue(world: World) -> IssuedGrant:
    request = approved(world)
    with tenant_transaction(world.company.id):
        return issue_grant(agent=world.agent, request_id=request.pk)


def key_of(world: World) -> GrantKey:
    with tenant_transaction(world.company.id):
        return GrantKey.objects.get()


def parts_of(token: str) -> tuple[Claims, Claims]:
    return (
        jwt.get_unverified_header(token),
        jwt.decode(token, options={"verify_signature": False}),
    )


def b64(value: Any) -> str:
    raw = value if isinstance(value, bytes) else json.dumps(value).encode()
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def unsigned(header: Claims, claims: Claims, world: World) -> str:
    return f"{b64(header | {'alg': 'none'})}.{b64(claims)}."


def public_key_as_hmac_secret(header: Claims, claims: Claims, world: World) -> str:
    secret = bytes(key_of(world).public_key)
    return jwt.encode(claims, secret, "HS256", headers=header | {"alg": "HS256"})


def own_key(header: Claims, claims: Claims, world: World) -> str:
    return jwt.encode(claims, Ed25519PrivateKey.generate(), "EdDSA", headers=header)


def key_in_the_header(header: Claims, claims: Claims, world: World) -> str:
    private = Ed25519PrivateKey.generate()
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64(private.public_key().public_bytes_raw())}
    return jwt.encode(claims, private, "EdDSA", headers=header | {"jwk": jwk})


def unknown_key_id(header: Claims, claims: Claims, world: World) -> str:
    return jwt.encode(
        claims, Ed25519PrivateKey.generate(), "EdDSA", headers=header | {"kid": "gk_x"}
    )


def _signed(header: Claims, claims: Claims, world: World) -> str:
    private = unseal(bytes(key_of(world).private_key_sealed))
    return jwt.encode(
        claims, Ed25519PrivateKey.from_private_bytes(private), "EdDSA", headers=header
    )


def another_type(header: Claims, claims: Claims, world: World) -> str:
    return _signed(header | {"typ": "JWT"}, claims, world)


def critical_extension(header: Claims, claims: Claims, world: World) -> str:
    return _signed(header | {"crit": ["b64"], "b64": False}, claims, world)


def another_audience(header: Claims, claims: Claims, world: World) -> str:
    return _signed(header, claims | {"aud": "somebody"}, world)


def another_issuer(header: Claims, claims: Claims, world: World) -> str:
    return _signed(header, claims | {"iss": "https://evil.example"}, world)


def changed_digest(header: Claims, claims: Claims, world: World) -> str:
    head, _, signature = _signed(header, claims, world).split(".")
    return f"{head}.{b64(claims | {'payload_digest': 'sha256:00'})}.{signature}"


def torn(header: Claims, claims: Claims, world: World) -> str:
    return _signed(header, claims, world)[:-4]


def nothing(header: Claims, claims: Claims, world: World) -> str:
    return ""


def enormous(header: Claims, claims: Claims, world: World) -> str:
    return "e" * 100_000


def deeply_nested(header: Claims, claims: Claims, world: World) -> str:
    return f"{b64(header)}.{b64(b'[' * 2500)}."


@pytest.mark.parametrize(
    "forge",
    [
        unsigned, public_key_as_hmac_secret, own_key, key_in_the_header, unknown_key_id,
        another_type, critical_extension, another_audience, another_issuer, changed_digest, torn,
        nothing, enormous, deeply_nested,
    ],
)  # fmt: skip
def test_a_forged_token_is_refused_and_the_real_one_still_works(
    world: World, forge: Callable[[Claims, Claims, World], str]
) -> None:
    token = issue(world).token
    with pytest.raises(Invalid) as refused:
        redeem_grant(token=forge(*parts_of(token), world), redeemed_by="mallory")
    assert refused.value.code == "grant_invalid"
    with tenant_transaction(world.company.id):
        assert not LedgerEvent.objects.filter(type="grant.redeem_refused").exists()
    assert redeem_grant(token=token, redeemed_by="bank").redeemed_by == "bank"


def test_the_birth_of_the_key_is_recorded_once(world: World) -> None:
    issue(world)
    issue(world)
    with tenant_transaction(world.company.id):
        event = LedgerEvent.objects.get(type="grant_key.made")
        assert event.subject_id == GrantKey.objects.get().kid


def test_a_signed_token_about_another_request_is_refused(world: World) -> None:
    token = issue(world).token
    header, claims = parts_of(token)
    other = approved(world)
    for change in ({"request": other.public_id}, {"payload_digest": other.payload_digest + "0"}):
        with pytest.raises(Conflict) as refused:
            redeem_grant(token=_signed(header, claims | change, world), redeemed_by="bank")
        assert refused.value.code == "grant_mismatch"


def test_a_token_of_another_tenant_is_not_known_and_its_key_does_not_sign_here(
    world: World,
) -> None:
    other = make_world(FOUR_EYES, slug="other")
    token, others = issue(world).token, issue(other).token
    with bind_tenant(world.company.id), pytest.raises(NotFound):
        redeem_grant(token=others, redeemed_by="bank")
    header, claims = parts_of(token)
    forged = _signed(header | {"kid": key_of(other).kid}, claims, other)
    with pytest.raises(Invalid):
        redeem_grant(token=forged, redeemed_by="bank")
    with bind_tenant(world.company.id):
        redeem_grant(token=token, redeemed_by="bank")


def test_a_grant_that_was_never_issued_is_not_known(world: World) -> None:
    header, claims = parts_of(issue(world).token)
    claims["jti"] = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(NotFound):
        redeem_grant(token=_signed(header, claims, world), redeemed_by="bank")


def test_it_works_until_the_instant_it_expires(world: World, move_clock: MoveClock) -> None:
    grant = issue(world)
    move_clock(timedelta(minutes=5))
    with pytest.raises(Conflict) as refused:
        redeem_grant(token=grant.token, redeemed_by="bank")
    assert refused.value.code == "grant_expired"


def test_a_paused_agents_permission_is_refused(world: World) -> None:
    grant = issue(world)
    with tenant_transaction(world.company.id):
        pause_agent(actor=world.company.olivia, agent=world.agent, reason="odd behaviour")
    with pytest.raises(Conflict) as refused:
        redeem_grant(token=grant.token, redeemed_by="bank")
    assert refused.value.code == "agent_not_active"


def test_a_refusal_stays_in_the_record(committed_db: CommittedDatabase) -> None:
    world = make_world(FOUR_EYES)
    token = issue(world).token
    redeem_grant(token=token, redeemed_by="bank")
    with pytest.raises(Conflict) as refused:
        redeem_grant(token=token, redeemed_by="mallory")
    assert refused.value.code == "grant_redeemed"
    with tenant_transaction(world.company.id):
        event = LedgerEvent.objects.get(type="grant.redeem_refused")
    assert (
        "refused to the executing system, said to be “mallory”: This permission was used on"
        in text_of(event)
    )


def test_twenty_at_once_redeem_exactly_once(committed_db: CommittedDatabase) -> None:
    world = make_world(FOUR_EYES)
    token = issue(world).token
    call = partial(redeem_grant, token=token, redeemed_by="bank")
    outcomes = committed_db.at_once([call] * 20)
    redeemed = [each for each in outcomes if isinstance(each, ExecutionGrant)]
    refused = [each for each in outcomes if isinstance(each, Conflict)]
    assert (len(redeemed), len(refused)) == (1, 19)
    assert {each.code for each in refused} == {"grant_redeemed"}
    with tenant_transaction(world.company.id):
        types = list(
            LedgerEvent.objects.filter(type__startswith="grant.").values_list("type", flat=True)
        )
    assert sorted(set(types)) == ["grant.issued", "grant.redeem_refused", "grant.redeemed"]
    assert (types.count("grant.redeemed"), types.count("grant.redeem_refused")) == (1, 19)


def test_ten_at_once_are_issued_one_permission(committed_db: CommittedDatabase) -> None:
    world = make_world(FOUR_EYES)
    request = approved(world)

    def call() -> IssuedGrant:
        with bind_tenant(world.company.id):
            return issue_grant(agent=world.agent, request_id=request.pk)

    outcomes = committed_db.at_once([call] * 10)
    assert sum(isinstance(each, IssuedGrant) for each in outcomes) == 1
    assert sum(isinstance(each, Conflict) for each in outcomes) == 9
    with tenant_transaction(world.company.id):
        assert GrantKey.objects.count() == 1
