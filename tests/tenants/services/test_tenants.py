"""Accounts are made with an owner, and their settings are changed by owners."""

from datetime import time
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from govapp.common.errors import Conflict, Forbidden, Invalid, Malformed, NotFound
from govapp.common.tenancy import bind_tenant, bound_tenant_id
from tenants.models import Membership, Tenant
from tenants.office_hours import office_words
from tenants.services.tenants import (
    create_tenant,
    resume_tenant,
    set_contest_text,
    set_retention,
    suspend_tenant,
    update_settings,
)
from tests.people import Company, make_company, make_user
from tests.tenants.ledger import events, summaries

pytestmark = pytest.mark.django_db


def test_a_tenant_begins_with_its_owner() -> None:
    user = make_user("olivia")
    tenant = create_tenant(slug="acme", name="Acme", owner_user=user, time_zone="Europe/Berlin")
    assert bound_tenant_id() is None
    with bind_tenant(tenant.pk):
        assert Tenant.objects.get().time_zone == "Europe/Berlin"
        assert [(m.user, m.roles) for m in Membership.objects.all()] == [(user, ["owner"])]
        assert summaries("tenant.created", "member.joined") == [
            "The account Acme was created with Olivia as its owner.",
            "Olivia joined as Owner.",
        ]


def test_a_slug_is_taken_once_over_all_tenants() -> None:
    user = make_user("olivia")
    create_tenant(slug="acme", name="Acme", owner_user=user)
    with pytest.raises(Conflict, match="acme is taken"):
        create_tenant(slug="acme", name="Another", owner_user=user)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"slug": "Acme Inc"}, "/slug"),
        ({"name": ""}, "/name"),
        ({"time_zone": "Mars/Olympus"}, "/time_zone"),
    ],
)
def test_a_bad_field_is_refused(fields: dict[str, Any], pointer: str) -> None:
    user = make_user("olivia")
    values: dict[str, Any] = {"slug": "acme", "name": "Acme", "owner_user": user} | fields
    with pytest.raises(Invalid) as refusal:
        create_tenant(**values)
    assert [e.pointer for e in refusal.value.errors] == [pointer]


def test_settings_are_changed_and_told(acme: Company) -> None:
    tenant = update_settings(
        actor=acme.olivia,
        tenant=acme.tenant,
        time_zone="Europe/Berlin",
        single_person_publishing=True,
        fallback_group="managers",
        name="Acme",
    )
    assert (tenant.time_zone, tenant.single_person_publishing) == ("Europe/Berlin", True)
    assert Tenant.objects.get().fallback_group == "managers"
    (event,) = events("tenant.settings_changed")
    assert event["summary"] == (
        "Olivia changed the settings: time zone from UTC to Europe/Berlin, publishing by the"
        " person who proposed from off to on and fallback group from nothing to managers."
    )
    assert event["data"]["changes"]["single_person_publishing"] == {"from": "off", "to": "on"}


def test_office_hours_and_reviewers_are_told_in_words(acme: Company) -> None:
    tenant = update_settings(
        actor=acme.olivia,
        tenant=acme.tenant,
        business_days=[4, 0, 0, 1],
        business_from=time(8, 30),
        holiday_country="CH",
        weakening_reviewers=2,
    )
    assert (tenant.business_days, tenant.weakening_reviewers) == ([0, 1, 4], 2)
    (event,) = events("tenant.settings_changed")
    assert event["summary"] == (
        "Olivia changed the settings: business days from nothing to Monday, Tuesday and Friday,"
        " start of business hours from 09:00 to 08:30, country of the public holidays from"
        " nothing to CH and people who confirm a policy that weakens from 1 to 2."
    )
    assert office_words(tenant) == (
        "Monday, Tuesday and Friday, 08:30 to 17:00, except public holidays of Switzerland"
    )


def test_limits_against_fatigue_are_told_in_words(acme: Company) -> None:
    limits = {"reading_seconds": 20, "approvals_per_hour": 30, "break_glass_review_hours": 24}
    tenant = update_settings(actor=acme.olivia, tenant=acme.tenant, **limits)
    (event,) = events("tenant.settings_changed")
    assert event["summary"] == (
        "Olivia changed the settings: seconds to look at high risk before approving it from 0 to"
        " 20, approvals by one person in an hour from no limit to 30 and hours to review an"
        " emergency approval from 72 to 24."
    )
    update_settings(actor=acme.olivia, tenant=tenant, approvals_per_hour=None)
    assert Tenant.objects.get().approvals_per_hour is None


def test_nothing_changed_is_no_event(acme: Company) -> None:
    update_settings(actor=acme.olivia, tenant=acme.tenant, name="Acme", link_voting=False)
    assert events("tenant.settings_changed") == []


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("time_zone", "utc+1"),
        ("fallback_group", "nobody"),
        ("link_voting", "yes"),
        ("weakening_reviewers", 0),
        ("weakening_reviewers", 6),
        ("weakening_reviewers", True),
        ("business_days", [7]),
        ("business_days", ["monday"]),
        ("business_from", "09:00"),
        ("business_to", time(9)),
        ("business_to", time(8, 59)),
        ("holiday_country", "XX"),
        ("reading_seconds", -1),
        ("reading_seconds", 601),
        ("reading_seconds", None),
        ("delegation_depth", -1),
        ("delegation_depth", 9),
        ("approvals_per_hour", 0),
        ("approvals_per_hour", 1001),
        ("approvals_per_hour", True),
        ("break_glass_review_hours", 0),
        ("break_glass_review_hours", 721),
        ("break_glass_review_hours", "72"),
        ("name", "a" * 201),
    ],
)
def test_a_bad_setting_is_refused(acme: Company, field: str, value: object) -> None:
    with pytest.raises(Invalid) as refusal:
        update_settings(actor=acme.olivia, tenant=acme.tenant, **{field: value})
    assert [e.pointer for e in refusal.value.errors] == [f"/{field}"]


@pytest.mark.parametrize("field", ["slug", "is_suspended", "tenant_id"])
def test_other_fields_are_no_settings(acme: Company, field: str) -> None:
    with pytest.raises(Malformed, match=field):
        update_settings(actor=acme.olivia, tenant=acme.tenant, **{field: "x"})


@pytest.mark.parametrize("name", ["carl", "alice", "audrey"])
def test_only_owners_change_settings(acme: Company, name: str) -> None:
    with pytest.raises(Forbidden):
        update_settings(actor=getattr(acme, name), tenant=acme.tenant, name="Mine")


def test_an_account_is_closed_and_opened_by_name_and_with_a_reason() -> None:
    acme = make_company()
    assert suspend_tenant(operator="Ruth", slug="acme", reason="Unpaid.").is_suspended
    with pytest.raises(Conflict, match="suspended already"):
        suspend_tenant(operator="Ruth", slug="acme", reason="Again.")
    assert not resume_tenant(operator="Rob", slug="acme", reason="Paid.").is_suspended
    with pytest.raises(Conflict, match="not suspended"):
        resume_tenant(operator="Rob", slug="acme", reason="Again.")
    with bind_tenant(acme.id):
        assert summaries("tenant.suspended", "tenant.resumed") == [
            "Ruth suspended the account Acme: Unpaid.",
            "Rob ended the suspension of the account Acme: Paid.",
        ]
        assert events("tenant.suspended")[0]["actor"] == {
            "kind": "system",
            "id": "operator",
            "name": "Ruth",
        }


@pytest.mark.parametrize(
    ("fields", "error"),
    [({"slug": "nobody"}, NotFound), ({"reason": " "}, Invalid), ({"operator": ""}, Invalid)],
)
def test_closing_needs_an_account_a_name_and_a_reason(
    fields: dict[str, str], error: type[Exception]
) -> None:
    make_company()
    with pytest.raises(error):
        suspend_tenant(**({"operator": "Ruth", "slug": "acme", "reason": "Unpaid."} | fields))


def test_the_commands_say_what_they_did() -> None:
    make_company()
    said, out = ["--operator", "Ruth", "--reason", "Unpaid."], StringIO()
    call_command("suspend_tenant", "acme", *said, stdout=out)
    with pytest.raises(CommandError, match="Acme is suspended already"):
        call_command("suspend_tenant", "acme", *said)
    call_command("resume_tenant", "acme", *said, stdout=out)
    assert out.getvalue() == "Acme is suspended.\nAcme is open again.\n"


def test_compliance_and_owners_set_how_long_records_are_kept(acme: Company) -> None:
    assert set_retention(actor=acme.carl, days=184).retention_days == 184
    assert set_retention(actor=acme.carl, days=184).retention_days == 184
    assert set_retention(actor=acme.olivia, days=3660).retention_days == 3660
    assert summaries("tenant.retention_set") == [
        "Carl set that records are kept for at least 184 days.",
        "Olivia set that records are kept for at least 3660 days instead of 184.",
    ]
    for member in (acme.alice, acme.audrey):
        with pytest.raises(Forbidden):
            set_retention(actor=member, days=1)


def test_compliance_and_owners_say_how_a_decision_is_contested(acme: Company) -> None:
    assert set_contest_text(actor=acme.carl, text=" Write\nto us. ").contest_text == "Write to us."
    assert set_contest_text(actor=acme.carl, text="Write to us.").contest_text == "Write to us."
    assert set_contest_text(actor=acme.olivia, text="").contest_text == ""
    assert summaries("tenant.contest_text_set") == [
        "Carl set how a decision can be contested; now: Write to us.",
        "Olivia set how a decision can be contested; nothing is said any more",
    ]
    for member in (acme.alice, acme.audrey):
        with pytest.raises(Forbidden):
            set_contest_text(actor=member, text="Do not.")
    for text in ("x" * 501, "to\u202eus"):
        with pytest.raises(Invalid) as refused:
            set_contest_text(actor=acme.carl, text=text)
        assert [error.pointer for error in refused.value.errors] == ["/contest_text"]


@pytest.mark.parametrize("days", [0, -1, 3661, True, 1.5])
def test_records_are_kept_from_a_day_to_ten_years(acme: Company, days: Any) -> None:
    with pytest.raises(Invalid, match="from 1 to 3660") as refused:
        set_retention(actor=acme.carl, days=days)
    assert [error.pointer for error in refused.value.errors] == ["/retention_days"]
    assert Tenant.objects.get().retention_days is None
