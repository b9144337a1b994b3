"""A check asks a real server, pinned; what it finds is kept, shown and recorded."""

import pytest
from pytest_django.fixtures import Settings

from govapp.common import clock
from govapp.common.tenancy import bind_tenant
from tenants.models import Integration
from tenants.services.integration_checks import (
    LOST_AFTER,
    ask_check,
    ask_lost_checks,
    check_integration,
)
from tenants.services.integrations import change_integration
from tests.people import Company, make_company
from tests.support.receiver import running_receiver
from tests.tenants.ledger import summaries
from tests.tenants.systems import register_system

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme() -> Company:
    return make_company()


def asked(acme: Company, address: str, **fields: object) -> Integration:
    with bind_tenant(acme.id):
        made = register_system(acme, address=address, **fields)
        return ask_check(actor=acme.olivia, integration=made)


def done(acme: Company, made: Integration) -> tuple[bool | None, Integration]:
    passed = check_integration(tenant_id=acme.id, integration_id=made.pk)
    with bind_tenant(acme.id):
        return passed, Integration.objects.get(pk=made.pk)


@pytest.mark.parametrize(
    ("status", "passes"), [(204, True), (401, True), (302, True), (503, False)]
)
def test_whoever_answers_is_reachable(acme: Company, status: int, passes: bool) -> None:
    with running_receiver() as receiver:
        receiver.usual_status = status
        passed, found = done(acme, asked(acme, receiver.url))
    assert (passed, found.check_passed, found.check_asked_at) == (passes, passes, None)
    assert str(status) in found.check_result
    # Asked for nothing, once, and no redirect was followed.
    assert [(each.path, each.body) for each in receiver.received] == [("/hook", b"")]
    with bind_tenant(acme.id):
        (said,) = summaries("integration.checked")
    how = "passed its check" if passes else "did not pass its check"
    assert said == f"The integration Acme bank {how}: {found.check_result}"


def test_nobody_there_a_private_place_and_no_scopes_do_not_pass(
    acme: Company, settings: Settings
) -> None:
    passed, found = done(acme, asked(acme, "http://127.0.0.1:1/"))
    assert (passed, found.check_result) == (False, "The connection failed: ConnectError.")
    settings.CALLBACKS_MAY_GO_TO_LOOPBACK = False
    with running_receiver() as receiver, bind_tenant(acme.id):
        made = register_system(acme, "local", address=f"http://localhost:{receiver.port}/")
        ask_check(actor=acme.olivia, integration=made)
        passed, found = done(acme, made)
    assert (passed, receiver.received) == (False, [])
    assert found.check_result == "The receiver is not on the public Internet."
    with running_receiver() as receiver, bind_tenant(acme.id):
        bare = register_system(acme, "bare", address="https://bare.example/", scopes=[])
        ask_check(actor=acme.olivia, integration=bare)
        assert done(acme, bare)[0] is False
    with bind_tenant(acme.id):
        bare.refresh_from_db()
    assert bare.check_result.startswith("It declares no scope")


def test_where_https_is_needed_nothing_else_passes(acme: Company, settings: Settings) -> None:
    with running_receiver() as receiver:
        made = asked(acme, receiver.url)
        settings.CALLBACKS_NEED_HTTPS = True
        passed, found = done(acme, made)
    assert (passed, receiver.received) == (False, [])
    assert found.check_result == "The address does not begin with https://."


def test_a_check_that_was_not_asked_for_or_is_about_what_was_changes_nothing(
    acme: Company,
) -> None:
    with running_receiver() as receiver:
        made = asked(acme, receiver.url)
        with bind_tenant(acme.id):
            change_integration(actor=acme.olivia, integration=made, scopes=["other"])
        passed, found = done(acme, made)
    assert (passed, found.check_passed, receiver.received) == (None, False, [])


def test_a_check_whose_hint_was_lost_is_asked_for_again(acme: Company) -> None:
    made = asked(acme, "http://127.0.0.1:1/")
    with bind_tenant(acme.id):
        now = clock.now()
        ask_lost_checks(now)
        ask_lost_checks(now + 2 * LOST_AFTER)
        made.refresh_from_db()
        assert made.check_asked_at is not None
