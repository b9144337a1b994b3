"""A person is erased: gone from everywhere, and everything that was proved stays proved."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
import redis
from django.conf import settings
from django.db import connection, transaction

from approvals.enums import Verdict
from approvals.erasers import find_hindrances, find_subjects
from approvals.models import Comment, PolicyDraft, Run, Vote
from approvals.run_steps import Step
from approvals.selectors.runs import verify_run
from approvals.services.delivery import deliver_due
from approvals.services.discussion import add_comment
from approvals.services.drafts import create_draft
from approvals.services.runs import add_step, close_run, start_run
from audit.merkle.note import VerifierKey, open_checkpoint
from audit.merkle.proofs import verify_inclusion
from audit.merkle.tree import leaf_hash
from audit.models import ExportPiece, LedgerEvent
from audit.selectors.events import EventFilter, events_of_request, list_events
from audit.selectors.proofs import prove_event
from audit.services.export_jobs import read_export, request_export, write_export
from audit.services.search_index import index_tenant
from audit.services.sequencer import sequence_tenant
from audit.services.verification import verify_tenant
from govapp.common import clock
from govapp.common.errors import Conflict, Forbidden
from govapp.common.tenancy import tenant_transaction
from tenants.enums import Role
from tenants.models import Membership, User
from tenants.services.absences import enter_absence
from tenants.services.erasure import erase_person, preview_erasure
from tenants.services.groups import add_to_group
from tenants.services.people import add_member, invite_member, suspend_member
from tests.approvals.world import FOUR_EYES, World, make_world
from tests.support.committed import CommittedDatabase

NAME, ADDRESS = "Zelda Quist-Öberg", "zelda.quist@acme.example"
REASON = "I have spoken to the supplier about it."
DAY = timedelta(days=1)


def with_zelda(world: World) -> Membership:
    """Zelda is invited, joins, is in finance and goes away for a while."""
    company = world.company
    user = User.objects.create_user(ADDRESS, "correct horse battery", name=NAME)
    with tenant_transaction(company.id):
        invite_member(actor=company.olivia, email=ADDRESS, name=NAME, roles=["approver"])
        zelda = add_member(actor=company.olivia, user=user, roles=[Role.APPROVER])
        add_to_group(actor=company.olivia, group=company.finance, member=zelda)
        start = clock.now() + DAY
        enter_absence(
            actor=zelda,
            member=zelda,
            stand_in=company.alice,
            starts_at=start,
            ends_at=start + DAY,
            note="At the sea with my sister",
        )
    return zelda


# How a search would find her: folded, each word by itself. Ids of hers are no texts of hers.
SEARCHED = (":zelda'", ":quist'", ":oberg'", ":sister'")


def told_run(world: World) -> None:
    """An agent does a task about her: its words, those of its steps, and what a request read."""
    company, agent = world.company, world.agent
    source = {"kind": "document", "title": f"File of {NAME}", "uri": f"mailto:{ADDRESS}"}
    step = Step("file", "retrieval", title=f"Read what {ADDRESS} wrote", source=source)
    with tenant_transaction(company.id):
        run = start_run(agent=agent, key=f"refund:{ADDRESS}", title=f"A refund for {NAME}")
        add_step(agent=agent, run_id=run.pk, step=step)
    world.submit(summary="Look at the file", run=run.public_id)
    with tenant_transaction(company.id):
        note = f"{NAME} has been told"
        close_run(agent=agent, run_id=run.pk, outcome="succeeded", note=note)


def lived(world: World, zelda: Membership) -> tuple[UUID, LedgerEvent]:
    """She decides, speaks and is spoken of; returns the request and the event of her vote."""
    company = world.company
    told_run(world)
    request = world.submit(summary=f"Refund for {NAME}", payload={"amount": "12.00"})
    with tenant_transaction(company.id):
        add_comment(actor=zelda, request_id=request.pk, text="Is that the usual account?")
        add_comment(
            actor=company.bob,
            request_id=request.pk,
            text=f"Ask {NAME} or write to {ADDRESS}.",
            mentions=[zelda.public_id],
        )
    request = world.vote(zelda, request, Verdict.APPROVE, reason=REASON)
    world.vote(company.bob, request)
    deliver_due(grace=timedelta(0))
    while sequence_tenant(tenant_id=company.id) or index_tenant(tenant_id=company.id):
        pass
    with tenant_transaction(company.id):
        suspend_member(actor=company.olivia, member=zelda, reason=f"{NAME} left")
        return request.pk, LedgerEvent.objects.get(type="vote.cast", actor_id=zelda.public_id)


def exported(world: World) -> str:
    """The whole record as a spreadsheet, its file left where it is."""
    company = world.company
    with tenant_transaction(company.id):
        job = request_export(
            actor=company.carl.as_actor(), wanted=EventFilter(), export_format="csv"
        )
    write_export(tenant_id=company.id, job_id=job.pk)
    return b"".join(read_export(tenant_id=company.id, job_id=job.pk)).decode()


def everything() -> list[tuple[str, str, str]]:
    """Every value of every text, JSON, array, bytea and search column that there is."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.columns"
            " WHERE table_schema = 'public'"
            " AND data_type IN ('text', 'character varying', 'jsonb', 'bytea', 'ARRAY', 'tsvector')"
            " AND has_column_privilege(table_schema || '.' || table_name, column_name, 'SELECT')"
            " ORDER BY 1, 2"
        )
        columns = cursor.fetchall()
        found = []
        for table, column in columns:
            cursor.execute(f'SELECT "{column}" FROM "{table}"')  # noqa: S608 - from the catalogue
            found += [(table, column, shown(value)) for (value,) in cursor.fetchall()]
        return found


def shown(value: Any) -> str:
    if isinstance(value, bytes | memoryview):
        return bytes(value).decode("utf-8", "replace")
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def places_of(*texts: str) -> set[tuple[str, str]]:
    return {
        (table, column)
        for table, column, value in everything()
        if any(text in value for text in texts)
    }


def in_valkey(*texts: str) -> list[bytes]:
    """Keys that hold a text, in their names or in their values."""
    with redis.Redis.from_url(settings.REDIS_URL) as server:
        wanted = [text.encode() for text in texts]
        return [
            key
            for key in server.scan_iter()
            if any(text in key + (server.dump(key) or b"") for text in wanted)
        ]


def test_an_erased_person_is_nowhere_and_every_older_proof_is_valid(
    committed_db: CommittedDatabase,
) -> None:
    world = make_world(FOUR_EYES)
    company = world.company
    zelda = with_zelda(world)
    request_id, cast = lived(world, zelda)
    assert NAME in exported(world)
    with tenant_transaction(company.id):
        assert {
            ("tenants_user", "name"),
            ("approvals_comment", "text"),
            ("approvals_actionrequest", "summary"),
            ("approvals_run", "key"),
            ("approvals_run", "title"),
            ("approvals_run", "note"),
            ("approvals_runstep", "title"),
            ("approvals_runstep", "source"),
        } <= places_of(NAME, ADDRESS)
        for word in SEARCHED:
            assert places_of(word) == {("audit_ledgerwords", "words")}
        proof = prove_event(cast.pk)
        preview = preview_erasure(actor=company.carl, member=zelda)
        assert preview.hindrances == ()
        assert preview.events > 5
        assert dict(preview.counts) == {
            "groups": 1,
            "requests that name them": 2,
            "runs that name them": 1,
            "reasons of votes": 1,
            "comments": 1,
        }
        erase_person(actor=company.carl, member=zelda, reason=f"{NAME} asked for it")
    while sequence_tenant(tenant_id=company.id) or index_tenant(tenant_id=company.id):
        pass
    assert in_valkey(NAME, ADDRESS) == []
    with tenant_transaction(company.id):
        left = places_of(NAME, ADDRESS, REASON, "At the sea", "the usual account", *SEARCHED)
        assert sorted(left) == []
        assert ExportPiece.objects.count() == 0
        read = json.dumps(
            [row.body for row in list_events(EventFilter(), limit=500).rows], ensure_ascii=False
        )
        assert "Zelda" not in read
        assert "zelda" not in read
        (vote,) = [row for row in events_of_request(request_id) if row.id == cast.pk]
        assert vote.body["actor"]["name"] == "an erased person"
        assert vote.body["data"]["reason"] == "[erased]"
        assert vote.summary == ("an erased person approved “[erased]an erased person”: [erased]")
        assert Vote.objects.get(member=zelda).reason == "[erased]"
        assert Comment.objects.get(author=zelda).text == "[erased]"
        run = Run.objects.get()
        assert (run.title, verify_run(run).problems) == ("A refund for an erased person", ())
        (started,) = list_events(EventFilter(type="run.started")).rows
        assert (started.body["data"]["title"], started.body["subject"]["label"]) == (
            "[erased]", "[erased]",
        )  # fmt: skip
    again = exported(world)
    assert "an erased person" in again
    assert "Zelda" not in again
    assert proof is not None
    checkpoint = open_checkpoint(
        proof.checkpoint.note, verifier=VerifierKey.decode(proof.checkpoint.vkey)
    )
    verify_inclusion(
        leaf=leaf_hash(bytes(cast.body)), index=proof.index, size=checkpoint.size,
        proof=proof.path, root=checkpoint.root,
    )  # fmt: skip
    assert verify_tenant(tenant_id=company.id).findings == []


@pytest.mark.django_db
def test_whoever_is_active_named_by_rules_or_owns_an_agent_is_not_erased_yet() -> None:
    world = make_world(FOUR_EYES)
    company = world.company
    world.reach()
    with transaction.atomic(), tenant_transaction(company.id):
        preview = preview_erasure(actor=company.carl, member=company.olivia)
        assert preview.hindrances == (
            "Olivia is active: suspend them first.",
            "They own the agent payer: give it to somebody else.",
            "They own the integration Acme bank: give it to somebody else.",
        )
        with pytest.raises(Conflict, match="suspend them first"):
            erase_person(actor=company.carl, member=company.alice, reason="Asked")
        with pytest.raises(Forbidden):
            erase_person(actor=company.alice, member=company.bob, reason="Asked")
        with pytest.raises(Forbidden, match="themselves"):
            erase_person(actor=company.carl, member=company.carl, reason="Asked")


@pytest.mark.django_db
def test_a_login_that_others_know_as_well_stays_theirs() -> None:
    first, second = make_world(FOUR_EYES).company, make_world(FOUR_EYES, slug="globex").company
    with tenant_transaction(second.id):
        add_member(actor=second.olivia, user=first.alice.user, roles=[Role.AUDITOR])
    with tenant_transaction(first.id):
        suspend_member(actor=first.olivia, member=first.alice, confirmed=True)
        erase_person(actor=first.carl, member=first.alice, reason="Asked")
        gone = Membership.objects.select_related("user").get(pk=first.alice.pk)
        assert gone.user.name == "an erased person"
        assert gone.user_id != first.alice.user_id
    with tenant_transaction(second.id):
        stays = Membership.objects.select_related("user").get(user=first.alice.user)
        assert (stays.user.name, stays.user.email) == ("Alice", "alice@acme.example")
        assert stays.user.is_active


@pytest.mark.django_db
def test_a_short_name_inside_of_other_words_names_nobody() -> None:
    world = make_world(FOUR_EYES)
    company, agent = world.company, world.agent
    with tenant_transaction(company.id):
        user = User.objects.create_user("ed@acme.example", "correct horse battery", name="Ed")
        ed = add_member(actor=company.olivia, user=user, roles=[Role.APPROVER])
        others = start_run(agent=agent, key="fred@acme.example", title="An approved refund")
        step = Step("read", "retrieval", title="Needed", source={"title": "Fred@acme.example"})
        add_step(agent=agent, run_id=others.pk, step=step)
        his = start_run(agent=agent, key="task-7", title="Look after a refund")
        step = Step("read", "retrieval", source={"title": "Dear team,\nED asked for it"})
        add_step(agent=agent, run_id=his.pk, step=step)
        close_run(agent=agent, run_id=others.pk, outcome="succeeded", note="Closed as planned")
        kept = world.submit(summary="Submitted", reason="Fred, not he", payload={"by": "Fred"})
        in_run = world.submit(summary="Pay", run=his.public_id)
        named = world.submit(summary="Pay", payload={"note": "Dear team,\nEd asked\nfor it"})
        written_to = world.submit(summary="Pay", reason="See ed@acme.example.")
        suspend_member(actor=company.olivia, member=ed, confirmed=True)
        about = [*(each.public_id for each in (in_run, named, written_to)), his.public_id]
        assert sorted(find_subjects(ed)) == sorted(about)
        erase_person(actor=company.carl, member=ed, reason="Asked")
        named.refresh_from_db()
        assert named.payload == {"note": "Dear team,\nan erased person asked\nfor it"}
        (begun,) = [
            row.body["data"]["title"]
            for row in list_events(EventFilter(type="run.started")).rows
            if row.body["subject"]["id"] == others.public_id
        ]
        assert begun == "An approved refund"
        assert Run.objects.get(pk=others.pk).title == "An approved refund"
        kept.refresh_from_db()
        assert (kept.summary, kept.payload) == ("Submitted", {"by": "Fred"})


@pytest.mark.django_db
def test_whoever_has_a_longer_address_is_somebody_else() -> None:
    world = make_world(FOUR_EYES)
    company = world.company
    with tenant_transaction(company.id):
        user = User.objects.create_user("ed@acme.example", "correct horse battery", name="Zelda")
        ed = add_member(actor=company.olivia, user=user, roles=[Role.APPROVER])
        kept = world.submit(summary="Pay j.ed@acme.example", payload={"to": "ed@acme.example.org"})
        written_to = world.submit(summary="Pay", reason="See ed@acme.example.")
        suspend_member(actor=company.olivia, member=ed, confirmed=True)
        assert find_subjects(ed) == [written_to.public_id]
        create_draft(actor=company.carl, source="person: j.ed@acme.example", title="Not his")
        create_draft(actor=company.carl, source="person: ed@acme.example", title="His")
        assert find_hindrances(ed) == ["The policy draft “His” names them."]
        PolicyDraft.objects.filter(title="His").update(discarded_at=clock.now())
        asked = "j.ed@acme.example asked, not ed@acme.example"
        erase_person(actor=company.carl, member=ed, reason=asked)
        kept.refresh_from_db()
        assert (kept.summary, kept.payload) == (
            "Pay j.ed@acme.example", {"to": "ed@acme.example.org"},
        )  # fmt: skip
        (said,) = list_events(EventFilter(type="subject.erased")).rows
        assert said.body["data"]["reason"] == "j.ed@acme.example asked, not an erased person"
