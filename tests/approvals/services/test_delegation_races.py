"""Spending, cutting and using at the same moment: budgets hold, and a cut is a cut."""

from collections import Counter
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import partial
from itertools import count

import pytest

from approvals.models import ActionRequest, Delegation, DelegationBudget, ExecutionGrant
from approvals.services.execution import issue_grant, redeem_grant
from govapp.common.errors import Conflict, DomainError, Forbidden
from govapp.common.tenancy import bind_tenant, tenant_transaction
from tests.approvals.chains import NAMES, Chain, codes, make_chain
from tests.support.committed import CommittedDatabase

ROUNDS = 12
Act = Callable[[], object]


def euros(amount: str) -> dict[str, str]:
    return {"amount": amount, "currency": "EUR"}


def test_of_many_who_spend_at_once_nobody_overspends_any_link(
    committed_db: CommittedDatabase,
) -> None:
    chain = make_chain()
    for budget in ("100", "60", "30"):
        chain.extend(budget={"EUR": budget})
    # By turns under the first, the second and the third link.
    calls = [
        partial(
            chain.submit,
            NAMES[number % 3 + 1],
            chain.handed[number % 3].token,
            payload={"amount": f"{number}.00"},  # none is the same again, tried too often
            estimated_cost=euros("7.01"),
        )
        for number in range(32)
    ]
    outcomes = committed_db.at_once(calls)
    made = [each for each in outcomes if isinstance(each, ActionRequest)]
    assert len(made) == 32, outcomes
    statuses = Counter(request.status for request in made)
    # 14 times 7.01 fit into 100, 8 into 60 and 4 into 30; wider links take what deeper ones leave.
    assert set(statuses) == {"allowed", "blocked"}
    assert {code for each in made if each.status == "blocked" for code in codes(each)} == {
        "budget_exceeded"
    }
    spent = {handed.delegation.pk: Decimal(0) for handed in chain.handed}
    for request in made:
        if request.status == "allowed":
            for link in request.delegation_chain:
                place = [each.delegation.public_id for each in chain.handed].index(link["id"])
                spent[chain.handed[place].delegation.pk] += Decimal("7.01")
    with tenant_transaction(chain.tenant_id):
        rows = DelegationBudget.objects.order_by("delegation__depth")
        kept = {row.delegation_id: row.reserved for row in rows}
        assert all(row.reserved <= row.amount for row in rows)
    assert kept == spent
    # Whoever was refused would be refused again: nothing that fits was turned away for good.
    left = Decimal(100) - kept[chain.handed[0].delegation.pk]
    again = chain.submit("buyer", chain.handed[0].token, estimated_cost=euros("7.01"))
    assert again.status == ("allowed" if left >= Decimal("7.01") else "blocked")


def test_who_submits_while_a_link_is_cut_comes_before_or_after(
    committed_db: CommittedDatabase,
) -> None:
    chain = make_chain(3)
    numbers = count(1)
    for _ in range(ROUNDS):
        link = chain.hand("buyer", "clerk", chain.handed[0].token, depth=1)
        end = chain.hand("clerk", "runner", link.token)
        submit = partial(_submit_another, chain, end.token, numbers)
        cut = partial(chain.revoke, link.delegation, chain.world.company.carl, "Stop.")
        acts: list[Act] = [submit, submit, submit, cut]
        *made, done = committed_db.at_once(acts)
        assert done is None
        before = [each for each in made if _status(each) == "allowed"]
        after = [each for each in made if _status(each) == "blocked"]
        assert len(before) + len(after) == 3, made
        refused = [codes(each) for each in after if isinstance(each, ActionRequest)]
        assert refused == [["delegation_revoked"]] * len(after)
        for request in before:
            assert isinstance(request, ActionRequest)
            with tenant_transaction(chain.tenant_id), pytest.raises(Forbidden) as none:
                issue_grant(agent=chain.agents["runner"], request_id=request.pk)
            assert none.value.code == "delegation_revoked"
        assert codes(submit()) == ["delegation_revoked"]


def test_a_permission_is_used_before_the_cut_or_never(committed_db: CommittedDatabase) -> None:
    chain = make_chain(2)
    for _ in range(ROUNDS):
        link = chain.hand("buyer", "clerk", chain.handed[0].token)
        request = chain.submit("clerk", link.token)
        with tenant_transaction(chain.tenant_id):
            issued = issue_grant(agent=chain.agents["clerk"], request_id=request.pk)
        redeem = partial(_redeem, chain, issued.token)
        cut = partial(chain.revoke, link.delegation, chain.world.company.carl, "Stop.")
        acts: list[Act] = [redeem, cut]
        used, done = committed_db.at_once(acts)
        assert done is None
        with tenant_transaction(chain.tenant_id):
            grant = ExecutionGrant.objects.get(request=request)
        if isinstance(used, DomainError):
            assert (used.code, grant.redeemed_at) == ("delegation_revoked", None)
        else:
            assert grant.redeemed_at is not None
        with pytest.raises(Conflict) as never:
            redeem()
        wanted = "delegation_revoked" if grant.redeemed_at is None else "grant_redeemed"
        assert never.value.code == wanted


def test_nothing_grows_from_a_link_while_it_is_cut(committed_db: CommittedDatabase) -> None:
    chain = make_chain(1)
    for _ in range(ROUNDS):
        link = chain.hand("buyer", "clerk", chain.handed[0].token, depth=2)
        below = chain.hand("clerk", "runner", link.token, depth=1)
        acts: list[Act] = [
            partial(chain.hand, "runner", "helper", below.token),
            partial(chain.hand, "clerk", "helper", link.token),
            partial(chain.revoke, link.delegation, chain.agents["buyer"]),
            partial(chain.revoke, below.delegation, chain.agents["clerk"]),
        ]
        outcomes = committed_db.at_once(acts)
        assert outcomes[2] is None
        refusals = [each.code for each in outcomes if isinstance(each, DomainError)]
        assert set(refusals) <= {"delegation_revoked", "already_revoked"}
        with tenant_transaction(chain.tenant_id):
            under = Delegation.objects.filter(path__startswith=link.delegation.path)
            assert [each for each in under if each.revoked_at is None] == []
            assert under.count() >= 2


def _submit_another(chain: Chain, token: str, numbers: Iterator[int]) -> ActionRequest:
    """Submit what was not submitted before: the same again and again is refused for that."""
    return chain.submit("runner", token, payload={"amount": f"{next(numbers)}.00"})


def _redeem(chain: Chain, token: str) -> ExecutionGrant:
    with bind_tenant(chain.tenant_id):
        return redeem_grant(token=token, redeemed_by="bank")


def _status(made: object) -> str:
    return made.status if isinstance(made, ActionRequest) else repr(made)
