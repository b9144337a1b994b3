"""`GET /api/v1/action-requests`."""

from urllib.parse import urlsplit

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.approvals.api.agents import URL, Caller, make_caller, new_caller

pytestmark = pytest.mark.django_db

# The key's door; the tenant, set and (in tests, where transactions are nested) unset; the agent;
# the requests; their stages with the requirements; and the votes for what is missing.
STATEMENTS = 7


def ids(caller: Caller, query: str = "") -> list[str]:
    response = caller.get(f"{URL}{query}")
    assert response.status_code == 200, response.content
    return [each["id"] for each in response.json()["data"]]


def test_an_empty_list_says_so() -> None:
    _, caller = make_caller()
    response = caller.get(URL)
    assert response.json() == {"data": [], "next_cursor": None, "has_more": False}
    assert "Link" not in response


def test_the_newest_stands_first_and_only_ones_own() -> None:
    world, caller = make_caller()
    other = new_caller(world, "other")
    _, stranger = make_caller(slug="globex")
    mine = [caller.submit().json()["id"] for _ in range(3)]
    theirs = other.submit().json()["id"]
    foreign = stranger.submit().json()["id"]
    assert ids(caller) == mine[::-1]
    assert ids(other) == [theirs]
    assert ids(stranger) == [foreign]


def test_a_row_of_a_list_is_the_request_itself() -> None:
    _, caller = make_caller()
    made = caller.submit().json()
    assert caller.get(URL).json()["data"] == [made]


def test_pages_follow_each_other_without_gap_or_double() -> None:
    _, caller = make_caller()
    made = [caller.submit().json()["id"] for _ in range(5)]
    seen, path = [], f"{URL}?limit=2&status=pending"
    for more in (True, True, False):
        response = caller.get(path)
        body = response.json()
        seen += [each["id"] for each in body["data"]]
        assert body["has_more"] is more
        caller.submit()  # what is new does not shift the pages that follow
        if more:
            link = response["Link"]
            assert link.endswith('; rel="next"')
            path = link[1 : link.index(">")]
            assert f"cursor={body['next_cursor']}" in urlsplit(path).query
    assert seen == made[::-1]


def test_the_number_of_statements_is_the_same_for_one_and_for_three() -> None:
    _, caller = make_caller()
    counts = []
    for more in (1, 2):
        for _ in range(more):
            caller.submit()
        with CaptureQueriesContext(connection) as captured:
            caller.get(URL)
        counts.append(len([q for q in captured if "SAVEPOINT" not in q["sql"]]))
    assert counts == [STATEMENTS, STATEMENTS]


def test_filters_narrow() -> None:
    _, caller = make_caller()
    pending = caller.submit(environment="staging", summary="Pay Ann 100%").json()
    blocked = caller.submit(category="payments.card.refund").json()
    other = caller.submit(category="paymentsx.card").json()
    everything = [other["id"], blocked["id"], pending["id"]]
    expected = {
        "?status=pending": [pending["id"]],
        "?status=blocked": [other["id"], blocked["id"]],
        "?category=payments.transfer": [pending["id"]],
        "?category=payments.*": [blocked["id"], pending["id"]],
        "?category=payments.card.*": [blocked["id"]],
        "?category=payments": [],
        "?environment=staging": [pending["id"]],
        "?q=ann": [pending["id"]],
        "?q=100%25": [pending["id"]],
        "?q=%25": [pending["id"]],
        "?q=_": [],
        f"?created_after={pending['submitted_at']}": everything[:2],
        f"?created_before={blocked['submitted_at']}": [pending["id"]],
        "?created_after=2020-01-01T00:00:00%2B02:00": everything,
        "?created_before=2020-01-01T00:00:00Z": [],
    }
    assert {query: ids(caller, query) for query in expected} == expected


@pytest.mark.parametrize(
    ("query", "name"),
    [
        ("colour=red", "colour"),
        ("Status=pending", "Status"),
        ("status=pending&status=denied", "status"),
        ("status=sleeping", "status"),
        ("status=", "status"),
        ("category=*", "category"),
        ("category=pay*", "category"),
        ("environment=a%00b", "environment"),
        ("q=", "q"),
        ("q=%00", "q"),
        ("limit=0", "limit"),
        ("limit=101", "limit"),
        ("limit=%D9%A3", "limit"),
        ("limit=ten", "limit"),
        ("cursor=", "cursor"),
        ("cursor=AAAA", "cursor"),
        ("cursor=%21%21%21%21", "cursor"),
        ("cursor=____________________________________", "cursor"),
        ("created_after=yesterday", "created_after"),
        ("created_after=2026-11-21", "created_after"),
        ("created_after=2026-11-21T10:00:00", "created_after"),
        ("created_before=0001-01-01T00:00:00%2B14:00", "created_before"),
    ],
)
def test_a_parameter_that_cannot_be_read_is_refused(query: str, name: str) -> None:
    _, caller = make_caller()
    response = caller.get(f"{URL}?{query}")
    assert (response.status_code, response["Content-Type"]) == (400, "application/problem+json")
    assert [fault["pointer"] for fault in response.json()["errors"]] == [name]


def test_time_is_compared_to_the_microsecond() -> None:
    _, caller = make_caller()
    first, second = caller.submit().json(), caller.submit().json()
    assert first["submitted_at"] < second["submitted_at"]
    assert ids(caller, f"?created_after={first['submitted_at']}") == [second["id"]]
