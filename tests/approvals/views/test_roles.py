"""Who gets which page: a table of view and role."""

from typing import Any, Final

import pytest
from django.db import transaction

from tests.approvals.views.conftest import Login, Site, make_site

pytestmark = pytest.mark.django_db

PEOPLE: Final = ("olivia", "carl", "alice", "audrey")
# Pages that show:           owner, compliance, approver, auditor
GET: Final = {
    "inbox/": (200, 200, 200, 200),
    "inbox/?tab=all": (200, 200, 200, 200),
    "inbox/?tab=decided": (200, 200, 200, 200),
    "requests/": (200, 200, 200, 200),
    "requests/{asked}/": (200, 200, 200, 200),
    "requests/{asked}/vote": (302, 302, 302, 302),
    "policy/": (200, 200, 200, 200),
    "policy/language": (200, 200, 200, 200),
    "policy/drafts/new": (403, 200, 403, 403),
    "policy/try/": (200, 200, 403, 200),
    "policy/who/": (200, 200, 403, 200),
    "policy/{draft}/": (200, 200, 200, 200),
    "policy/{draft}/publish": (403, 200, 403, 403),
    "categories/": (200, 200, 200, 200),
    "categories/new": (403, 200, 403, 403),
    "categories/{category}/": (200, 200, 200, 200),
    "categories/{category}/change": (403, 200, 403, 403),
    "settings/callbacks/": (200, 200, 403, 200),
    "settings/callbacks/new": (200, 403, 403, 403),
    "settings/callbacks/{endpoint}/": (200, 200, 403, 200),
}
CATEGORY: Final = {"name": "Transfer", "risk": "high", "kind": "money"}
# Pages that change:         what is sent, then owner, compliance, approver, auditor
POST: Final[dict[str, tuple[dict[str, Any], tuple[int, int, int, int]]]] = {
    # the agent's owner may cancel, and so may compliance; the page explains the refusal
    "requests/{asked}/cancel": ({"reason": "Not now."}, (302, 302, 403, 403)),
    # nothing was decided that could be withdrawn; who may not is told so first
    "requests/{asked}/withdraw": ({"reason": "Wrong."}, (409, 409, 403, 403)),
    "policy/drafts/new": ({"start": "live"}, (403, 302, 403, 403)),
    # Carl proposed it himself
    "policy/{draft}/publish": ({"attestation": "Yes."}, (403, 403, 403, 403)),
    "categories/new": (CATEGORY | {"key": "mail.send"}, (403, 302, 403, 403)),
    "categories/{category}/change": (CATEGORY, (403, 302, 403, 403)),
    "categories/{category}/take": ({"of": "group:risk"}, (302, 302, 403, 403)),
    "settings/callbacks/new": ({"url": "https://a.example.com/x"}, (200, 403, 403, 403)),
    "settings/callbacks/{endpoint}/rotate": ({"hours": "1"}, (200, 403, 403, 403)),
    "settings/callbacks/{endpoint}/switch": ({"to": "disabled"}, (302, 403, 403, 403)),
}


@pytest.mark.parametrize("path", GET)
def test_reading_is_by_role(site: Site, login: Login, path: str) -> None:
    url = site.url(path)
    company = site.world.company
    found = tuple(login(getattr(company, name)).get(url).status_code for name in PEOPLE)
    assert found == GET[path]


@pytest.mark.parametrize("path", POST)
def test_changing_is_by_role(site: Site, login: Login, path: str) -> None:
    sent, expected = POST[path]
    found = []
    for name in PEOPLE:
        with transaction.atomic():
            client = login(getattr(site.world.company, name))
            found.append(client.post(site.url(path), sent).status_code)
            transaction.set_rollback(True)
    assert tuple(found) == expected


NAMING = [path for path in {**GET, **POST} if "{" in path]


@pytest.mark.parametrize("path", NAMING)
def test_another_tenants_things_are_not_found(site: Site, login: Login, path: str) -> None:
    other = make_site("globex")
    theirs = other.url(path).replace("/t/globex/", "/t/acme/")
    sent = POST[path][0] if path in POST else None
    for name in ("olivia", "carl"):
        client = login(getattr(site.world.company, name))
        answer = client.get(theirs) if sent is None else client.post(theirs, sent)
        assert answer.status_code == 404


def test_nobody_reads_without_a_login(site: Site, client: Any) -> None:
    for path in GET:
        answer = client.get(site.url(path))
        assert (answer.status_code, answer.url.split("?")[0]) == (302, "/accounts/login/")
