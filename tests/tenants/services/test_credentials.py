"""Keys are issued, rotated and revoked, and refused on the very next use."""

from datetime import timedelta

import pytest

from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden, Invalid
from tenants.keys import make_key
from tenants.models import Agent, Credential, Tenant
from tenants.services.access import Shown, authenticate_key
from tenants.services.agents import pause_agent, resume_agent
from tenants.services.credentials import (
    issue_credential,
    revoke_credential,
    rotate_credential,
)
from tenants.services.key_uses import note_key_use
from tests.conftest import MoveClock
from tests.people import Company, make_agent
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db
MONTH = timedelta(days=30)


@pytest.fixture
def agent(acme: Company) -> Agent:
    return make_agent(acme)[0]


def issue(acme: Company, agent: Agent) -> tuple[Credential, str]:
    return issue_credential(actor=acme.olivia, agent=agent, label="second", lifetime=MONTH)


def test_a_key_is_known_and_its_text_is_stored_nowhere(acme: Company, agent: Agent) -> None:
    credential, text = issue(acme, agent)
    principal = authenticate_key(Shown(text))
    assert principal is not None
    assert (principal.tenant_id, principal.agent_id, principal.credential_id) == (
        acme.id,
        agent.pk,
        credential.pk,
    )
    assert credential.expires_at - credential.created_at == MONTH
    stored = str(Credential.objects.filter(pk=credential.pk).values().get())
    recorded = str(events("credential.issued"))
    secret = text.rpartition("_")[2]
    assert secret not in stored
    assert secret not in recorded
    assert bytes(credential.secret_hash).hex() not in recorded


def test_a_wrong_secret_with_a_right_checksum_is_refused(acme: Company, agent: Agent) -> None:
    credential, _ = issue(acme, agent)
    stranger = make_key()
    Credential.objects.create(
        agent=agent,
        label="forged",
        prefix=stranger.prefix,
        secret_hash=bytes(credential.secret_hash),
        created_by=acme.olivia,
        expires_at=clock.now() + MONTH,
    )
    assert authenticate_key(Shown(stranger.text)) is None
    assert authenticate_key(Shown(make_key().text)) is None
    assert authenticate_key(Shown("")) is None


def test_a_revoked_key_is_refused_at_once(acme: Company, agent: Agent) -> None:
    credential, text = issue(acme, agent)
    assert authenticate_key(Shown(text)) is not None
    revoke_credential(actor=acme.olivia, credential=credential)
    assert authenticate_key(Shown(text)) is None
    assert summaries("credential.revoked") == [
        f"Olivia revoked the key second ({credential.prefix}) of the agent payer."
    ]
    with pytest.raises(Conflict, match="revoked already"):
        revoke_credential(actor=acme.olivia, credential=credential)


def test_an_expired_key_is_refused(acme: Company, agent: Agent, move_clock: MoveClock) -> None:
    _, text = issue(acme, agent)
    move_clock(MONTH - timedelta(minutes=1))
    assert authenticate_key(Shown(text)) is not None
    move_clock(MONTH)
    assert authenticate_key(Shown(text)) is None


def test_a_paused_agent_is_refused_until_it_is_resumed(acme: Company, agent: Agent) -> None:
    _, text = issue(acme, agent)
    pause_agent(actor=acme.olivia, agent=agent, reason="Odd.")
    assert authenticate_key(Shown(text)) is None
    resume_agent(actor=acme.olivia, agent=agent)
    assert authenticate_key(Shown(text)) is not None


def test_a_suspended_tenant_is_refused(acme: Company, agent: Agent) -> None:
    _, text = issue(acme, agent)
    Tenant.objects.update(is_suspended=True)
    with pytest.raises(Forbidden, match="suspended"):
        authenticate_key(Shown(text))
    # Whoever only guesses at a key is told nothing.
    assert authenticate_key(Shown(text[:-1] + ("a" if text[-1] != "a" else "b"))) is None


def test_a_rotated_key_works_for_the_overlap_and_no_longer(
    acme: Company, agent: Agent, move_clock: MoveClock
) -> None:
    old = Credential.objects.get(agent=agent)
    revoke_credential(actor=acme.olivia, credential=old)
    credential, old_text = issue(acme, agent)
    successor, new_text = rotate_credential(
        actor=acme.olivia, credential=credential, overlap=timedelta(hours=1)
    )
    assert successor.label == credential.label
    assert successor.expires_at - successor.created_at == MONTH
    assert authenticate_key(Shown(old_text)) is not None
    assert authenticate_key(Shown(new_text)) is not None
    move_clock(timedelta(hours=1))
    assert authenticate_key(Shown(old_text)) is None
    assert authenticate_key(Shown(new_text)) is not None
    (event,) = events("credential.rotated")
    assert event["data"]["successor"]["prefix"] == successor.prefix


def test_without_overlap_the_old_key_ends_at_once(acme: Company, agent: Agent) -> None:
    credential, old_text = issue(acme, agent)
    _, new_text = rotate_credential(actor=acme.olivia, credential=credential, overlap=timedelta(0))
    assert authenticate_key(Shown(old_text)) is None
    assert authenticate_key(Shown(new_text)) is not None


def test_an_overlap_never_makes_a_key_live_longer(acme: Company, agent: Agent) -> None:
    Credential.objects.all().delete()
    credential, _ = issue_credential(
        actor=acme.olivia, agent=agent, label="short", lifetime=timedelta(hours=2)
    )
    rotate_credential(actor=acme.olivia, credential=credential, overlap=timedelta(days=7))
    assert Credential.objects.get(pk=credential.pk).expires_at == credential.expires_at


def test_there_are_at_most_two_live_keys(acme: Company, agent: Agent) -> None:
    credential, _ = issue(acme, agent)
    with pytest.raises(Conflict, match="two live keys"):
        issue(acme, agent)
    with pytest.raises(Conflict, match="two live keys"):
        rotate_credential(actor=acme.olivia, credential=credential, overlap=timedelta(hours=1))
    revoke_credential(actor=acme.olivia, credential=credential)
    issue(acme, agent)


def test_a_dead_key_is_not_rotated(acme: Company, agent: Agent, move_clock: MoveClock) -> None:
    credential, _ = issue(acme, agent)
    move_clock(MONTH)
    with pytest.raises(Conflict, match="does not work any more"):
        rotate_credential(actor=acme.olivia, credential=credential, overlap=timedelta(0))


@pytest.mark.parametrize("lifetime", [timedelta(0), timedelta(minutes=59), timedelta(days=367)])
def test_a_lifetime_has_bounds(acme: Company, agent: Agent, lifetime: timedelta) -> None:
    with pytest.raises(Invalid) as refusal:
        issue_credential(actor=acme.olivia, agent=agent, label="x", lifetime=lifetime)
    assert [e.pointer for e in refusal.value.errors] == ["/lifetime"]


@pytest.mark.parametrize("overlap", [timedelta(seconds=-1), timedelta(days=8)])
def test_an_overlap_has_bounds(acme: Company, agent: Agent, overlap: timedelta) -> None:
    credential = Credential.objects.get(agent=agent)
    with pytest.raises(Invalid) as refusal:
        rotate_credential(actor=acme.olivia, credential=credential, overlap=overlap)
    assert [e.pointer for e in refusal.value.errors] == ["/overlap"]


@pytest.mark.parametrize("name", ["carl", "alice", "audrey"])
def test_only_owners_hold_keys(acme: Company, agent: Agent, name: str) -> None:
    actor, credential = getattr(acme, name), Credential.objects.get(agent=agent)
    with pytest.raises(Forbidden):
        issue_credential(actor=actor, agent=agent, label="x", lifetime=MONTH)
    with pytest.raises(Forbidden):
        rotate_credential(actor=actor, credential=credential, overlap=timedelta(0))
    with pytest.raises(Forbidden):
        revoke_credential(actor=actor, credential=credential)


def test_the_last_use_is_noted_at_most_once_a_minute(
    acme: Company, agent: Agent, move_clock: MoveClock
) -> None:
    credential, text = issue(acme, agent)

    def used_at() -> object:
        principal = authenticate_key(Shown(text))
        assert principal is not None
        if principal.use_is_unnoted:
            note_key_use(principal, address="192.0.2.77", scope="read")
        return Credential.objects.get(pk=credential.pk).last_used_at

    first = used_at()
    assert first is not None
    move_clock(timedelta(seconds=50))
    assert used_at() == first
    move_clock(timedelta(seconds=70))
    assert used_at() != first


def test_a_refused_key_leaves_no_trace_of_use(acme: Company, agent: Agent) -> None:
    credential, text = issue(acme, agent)
    revoke_credential(actor=acme.olivia, credential=credential)
    authenticate_key(Shown(text))
    assert Credential.objects.get(pk=credential.pk).last_used_at is None
