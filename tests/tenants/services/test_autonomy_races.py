"""What two people do about autonomy at the same moment happens one after the other."""

from govapp.common.errors import Conflict
from govapp.common.tenancy import tenant_transaction
from tenants.models import Autonomy, Loosening
from tenants.services.autonomy import set_autonomy
from tenants.services.loosenings import confirm_loosening, withdraw_loosening
from tests.people import make_company
from tests.support.committed import CommittedDatabase
from tests.tenants.ledger import events


def kinds(results: list[object]) -> list[str]:
    return sorted("refused" if isinstance(r, Conflict) else type(r).__name__ for r in results)


def test_the_same_asked_for_at_once_waits_once(committed_db: CommittedDatabase) -> None:
    acme = make_company()

    def ask() -> Loosening | None:
        with tenant_transaction(acme.id):
            return set_autonomy(
                actor=acme.olivia, agent=None, pattern="*", level="act", reason="Proven"
            )

    assert kinds([*committed_db.at_once([ask] * 4)]) == ["Loosening", *["refused"] * 3]
    with tenant_transaction(acme.id):
        assert Loosening.objects.count() == 1


def test_what_waits_is_settled_once(committed_db: CommittedDatabase) -> None:
    acme = make_company()
    with tenant_transaction(acme.id):
        waits = set_autonomy(
            actor=acme.olivia, agent=None, pattern="*", level="act", reason="Proven"
        )
    assert waits is not None
    ident = waits.pk

    def confirm() -> Loosening:
        with tenant_transaction(acme.id):
            return confirm_loosening(actor=acme.carl, loosening_id=ident)

    def withdraw() -> Loosening:
        with tenant_transaction(acme.id):
            return withdraw_loosening(actor=acme.olivia, loosening_id=ident)

    results = committed_db.at_once([confirm, withdraw, confirm, withdraw])
    assert kinds([*results]) == ["Loosening", *["refused"] * 3]
    with tenant_transaction(acme.id):
        is_confirmed = Loosening.objects.get().status == "confirmed"
        assert Autonomy.objects.exists() is is_confirmed
        assert len(events("loosening.confirmed", "loosening.withdrawn")) == 1


def test_a_tightening_is_never_overtaken_by_what_waited(committed_db: CommittedDatabase) -> None:
    """Either it was confirmed before, or it is refused after: what was closed last stays closed."""
    acme = make_company()
    with tenant_transaction(acme.id):
        waits = set_autonomy(
            actor=acme.olivia, agent=None, pattern="*", level="act", reason="Proven"
        )
    assert waits is not None
    ident = waits.pk

    def confirm() -> Loosening:
        with tenant_transaction(acme.id):
            return confirm_loosening(actor=acme.carl, loosening_id=ident)

    def close() -> None:
        with tenant_transaction(acme.id):
            set_autonomy(
                actor=acme.olivia, agent=None, pattern="*", level="recommend", reason="Stop"
            )

    committed_db.at_once([confirm, close])
    with tenant_transaction(acme.id):
        assert Autonomy.objects.get().level == "recommend"
