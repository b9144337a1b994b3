"""The pages about who is away."""

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from govapp.common import clock
from govapp.common.tenancy import tenant_transaction
from tenants.models import Absence, Membership
from tenants.services.absences import enter_absence
from tests.people import Company
from tests.tenants.services.test_absences import calendar, whole_days
from tests.tenants.views.conftest import Login, Places

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
Field = Callable[[str], str]


def enter(
    company: Company,
    member: Membership,
    stand_in: Membership | None = None,
    start: timedelta = DAY,
    note: str = "",
) -> Absence:
    with tenant_transaction(company.id):
        now = clock.now()
        return enter_absence(
            actor=company.olivia,
            member=member,
            stand_in=stand_in,
            starts_at=now + start,
            ends_at=now + start + 2 * DAY,
            note=note,
        )


def text(client: Client, places: Places, path: str) -> str:
    answer = client.get(places.url(path))
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", answer.content.decode())


def day(days: int) -> str:
    return f"{datetime.now(UTC) + days * DAY:%Y-%m-%d}"


def absences(company: Company) -> list[tuple[Any, ...]]:
    with tenant_transaction(company.id):
        rows = Absence.objects.filter(cancelled_at=None).order_by("starts_at", "member__user__name")
        return list(rows.values_list("member__user__name", "stand_in__user__name", "note"))


def test_everybody_enters_their_own(places: Places, login: Login) -> None:
    company = places.company
    client = login(company.alice)
    sent = {"starts_at": day(3), "ends_at": day(5), "stand_in": company.bob.pk, "note": "Lakes"}
    answer = client.post(places.url("absences/new"), sent, follow=True)
    assert "The absence of Alice is entered" in answer.content.decode()
    assert absences(company) == [("Alice", "Bob", "Lakes")]
    with tenant_transaction(company.id):
        row = Absence.objects.get()
        assert (row.ends_at - row.starts_at, row.starts_at.hour) == (3 * DAY, 0)


def test_parts_of_days_are_in_the_time_of_the_tenant(places: Places, login: Login) -> None:
    company = places.company
    company.tenant.time_zone = "Asia/Kolkata"
    with tenant_transaction(company.id):
        company.tenant.save()
    sent = {"starts_at": day(30), "from_time": "12:00", "ends_at": day(30), "to_time": "18:00"}
    login(company.alice).post(places.url("absences/new"), sent)
    with tenant_transaction(company.id):
        row = Absence.objects.get()
    midnight = datetime.fromisoformat(sent["starts_at"]).replace(tzinfo=UTC)
    assert row.starts_at == midnight + timedelta(hours=6, minutes=30)
    assert row.ends_at == midnight + timedelta(hours=12, minutes=30)


def test_a_refusal_is_said_at_its_field(places: Places, login: Login) -> None:
    client, company = login(places.company.alice), places.company
    enter(company, company.alice)
    for sent, field, words in (
        ({"starts_at": day(5), "ends_at": day(4)}, "ends_at", "It has to end after it begins."),
        ({"starts_at": day(900), "ends_at": day(901)}, "starts_at", "in more than two years"),
        ({"starts_at": day(1), "ends_at": day(3)}, None, "Alice is away from"),
        ({"starts_at": "", "ends_at": day(3)}, "starts_at", "required"),
        ({"starts_at": day(9), "ends_at": day(9), "stand_in": company.carl.pk}, "stand_in", "ch"),
    ):
        answer = client.post(places.url("absences/new"), sent)
        errors = answer.context["form"].errors
        assert (answer.status_code, list(errors)) == (422, [field or "__all__"])
        assert words in str(errors)


def test_only_owners_choose_who_is_away(places: Places, login: Login) -> None:
    company = places.company
    sent = {"starts_at": day(3), "ends_at": day(5), "member": company.charlie.pk}
    login(company.alice).post(places.url("absences/new"), sent)
    login(company.olivia).post(places.url("absences/new"), sent)
    assert absences(company) == [("Alice", None, ""), ("Charlie", None, "")]
    page = text(login(company.olivia), places, f"absences/new?member={company.bob.public_id}")
    assert f'<option value="{company.bob.pk}" selected>Bob' in page


def test_an_absence_is_changed_and_cancelled_by_its_person_and_owners(
    places: Places, login: Login
) -> None:
    company = places.company
    path = f"absences/{enter(company, company.alice, company.bob).public_id}/"
    sent = {"starts_at": day(3), "ends_at": day(5), "stand_in": company.charlie.pk}
    assert login(company.bob).get(places.url(path)).status_code == 403
    assert login(company.bob).post(places.url(path), sent).status_code == 403
    assert login(company.bob).post(places.url(f"{path}cancel")).status_code == 403
    assert login(company.alice).post(places.url(path), sent).status_code == 302
    assert absences(company) == [("Alice", "Charlie", "")]
    assert "changed or cancelled meanwhile" in text(login(company.alice), places, path)
    with tenant_transaction(company.id):
        again = Absence.objects.get(cancelled_at=None).public_id
    login(company.olivia).post(places.url(f"absences/{again}/cancel"))
    assert absences(company) == []
    answer = login(company.olivia).post(places.url(f"absences/{again}/cancel"), follow=True)
    assert "was changed or cancelled meanwhile" in answer.content.decode()


def test_the_list_says_who_is_away_and_for_whom_the_reader_stands_in(
    places: Places, login: Login
) -> None:
    company = places.company
    enter(company, company.alice, company.bob, start=-DAY, note="Private matter")
    enter(company, company.bob, company.charlie, start=timedelta(hours=2))
    bobs = login(company.bob).get(places.url("absences/")).context
    assert [row["absence"].member.user.name for row in bobs["lent"]] == ["Alice"]
    assert [row["absence"].member.user.name for row in bobs["mine"]] == ["Bob"]
    assert [len(row["gone"]) for row in bobs["lent"]] == [1]
    page = text(login(company.charlie), places, "absences/")
    assert "away as well" in page
    assert "Private matter" not in page
    assert "Private matter" in text(login(company.alice), places, "absences/")
    assert 'aria-label="Alice is away' in page


def test_a_stand_in_is_told_above_the_inbox(places: Places, login: Login) -> None:
    company = places.company
    assert "You stand in for" not in text(login(company.bob), places, "inbox/")
    enter(company, company.alice, company.bob, start=-DAY)
    assert "You stand in for <strong>Alice</strong> until" in text(
        login(company.bob), places, "inbox/"
    )
    assert "You stand in for" not in text(login(company.alice), places, "inbox/")


def test_who_stands_in_while_away_too_is_named_at_once(places: Places, login: Login) -> None:
    company = places.company
    enter(company, company.bob, start=3 * DAY)
    sent = {"starts_at": day(3), "ends_at": day(5), "stand_in": company.bob.pk}
    answer = login(company.alice).post(places.url("absences/new"), sent, follow=True)
    assert "Bob is away as well" in answer.content.decode()


def test_the_page_of_a_person_lists_their_absences(places: Places, login: Login) -> None:
    company = places.company
    enter(company, company.alice, company.bob)
    page = text(login(company.carl), places, "people/{alice}/")
    assert "Bob stands in" in page
    assert "Enter an absence" not in page
    assert "Enter an absence" in text(login(company.alice), places, "people/{alice}/")


def upload(ics: bytes) -> SimpleUploadedFile:
    return SimpleUploadedFile("away.ics", ics, "text/calendar")


def test_a_calendar_is_shown_before_anything_is_entered(places: Places, login: Login) -> None:
    company, client = places.company, login(places.company.alice)
    monday = datetime.now(UTC) + 10 * DAY
    ics = calendar(whole_days("a", monday, 5, "Lakes <b>"), whole_days("b", monday + 9 * DAY, 1))
    sent = {"ics": upload(ics), "stand_in": company.bob.pk}
    answer = client.post(places.url("absences/calendar"), sent)
    rows = answer.context["rows"]
    assert (answer.status_code, [row["checked"] for row in rows]) == (200, [True, True])
    assert "Lakes &lt;b&gt;" in answer.content.decode()
    assert absences(company) == []
    file = answer.context["file"]
    sent = {"file": file, "stand_in": company.bob.pk, "chosen": [rows[1]["key"]]}
    done = client.post(places.url("absences/calendar"), sent, follow=True)
    assert "1 absence is entered" in done.content.decode()
    assert absences(company) == [("Alice", "Bob", "")]
    again = client.post(places.url("absences/calendar"), {"ics": upload(ics)})
    assert [row["why_not"] for row in again.context["rows"]] == ["", "is entered already"]


def test_a_calendar_that_cannot_be_used_is_refused_in_words(places: Places, login: Login) -> None:
    client = login(places.company.alice)
    path = places.url("absences/calendar")
    for ics, words in ((b"hello", "not a calendar file"), (b"x" * 300_000, "larger than 256 KB")):
        answer = client.post(path, {"ics": upload(ics)})
        assert (answer.status_code, words in answer.content.decode()) == (422, True)
    good = b64encode(calendar(whole_days("a", datetime.now(UTC) + 9 * DAY, 5))).decode()
    for sent, words in (
        ({"file": "no base64!"}, "not a calendar file"),
        ({"file": good}, "Choose at least one time."),
        ({"file": good, "chosen": "made-up"}, "Choose at least one time."),
    ):
        answer = client.post(path, sent)
        assert (answer.status_code, words in answer.content.decode()) == (422, True)
    owner = login(places.company.olivia).post(path, {"file": good, "member": "nobody"})
    assert owner.status_code == 422
    assert absences(places.company) == []


def test_the_list_asks_as_often_for_three_rows_as_for_one(places: Places, login: Login) -> None:
    client, company = login(places.company.olivia), places.company
    counts = []
    for people in ((company.alice,), (company.charlie, company.carl)):
        for member in people:
            enter(company, member, company.bob)
        with CaptureQueriesContext(connection) as asked:
            assert client.get(places.url("absences/")).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]
