"""Runs and taking back at the same moment: one chain without gap, one undo, one end."""

from functools import partial

from approvals.models import ActionRequest, Run, RunStep
from approvals.selectors.runs import verify_run
from approvals.services.runs import Step, add_steps, close_run, start_run
from approvals.services.undoing import request_undo
from govapp.common.errors import Conflict
from govapp.common.tenancy import tenant_transaction
from tests.approvals.documents import rule, rules
from tests.approvals.services.test_undoing import done, undoable
from tests.approvals.world import World, make_world
from tests.support.committed import CommittedDatabase

ROUNDS = 4


def begin(world: World, key: str) -> Run:
    with tenant_transaction(world.company.id):
        return start_run(agent=world.agent, key=key)


def tell(world: World, run: Run, name: str) -> list[RunStep]:
    steps = [Step(f"{name}-{number}", "tool_call", labels=(name,)) for number in range(3)]
    with tenant_transaction(world.company.id):
        return add_steps(agent=world.agent, run_id=run.pk, steps=steps)


def close(world: World, run: Run) -> Run:
    with tenant_transaction(world.company.id):
        return close_run(agent=world.agent, run_id=run.pk, outcome="succeeded")


def undo(world: World, request: ActionRequest) -> ActionRequest:
    with tenant_transaction(world.company.id):
        return request_undo(actor=world.agent, request_id=request.pk)


def test_steps_requests_and_beginnings_at_once_make_one_chain(
    committed_db: CommittedDatabase,
) -> None:
    world = make_world(rules(rule("rest", "allow")))
    for number in range(ROUNDS):
        key = f"run-{number}"
        begun = committed_db.at_once([partial(begin, world, key)] * 4)
        assert len({each.pk for each in begun if isinstance(each, Run)}) == 1
        run = next(each for each in begun if isinstance(each, Run))
        outcomes = committed_db.at_once(
            [
                *(partial(tell, world, run, name) for name in ("a", "b", "a")),
                *[partial(world.submit, run=run.public_id)] * 3,
            ]
        )
        assert [each for each in outcomes if isinstance(each, Exception)] == []
        with tenant_transaction(world.company.id):
            kept = Run.objects.get(pk=run.pk)
            found = verify_run(kept)
            numbers = (
                RunStep.objects.filter(run=run).order_by("number").values_list("number", flat=True)
            )
            assert list(numbers) == [1, 2, 3, 4, 5, 6]
        assert (kept.step_count, kept.request_count, kept.labels) == (6, 3, ["a", "b"])
        assert (found.events, found.problems) == (10, ())


def test_what_comes_while_a_run_is_closed_is_in_it_or_refused(
    committed_db: CommittedDatabase,
) -> None:
    world = make_world(rules(rule("rest", "allow")))
    for number in range(ROUNDS):
        run = begin(world, f"run-{number}")
        outcomes = committed_db.at_once(
            [
                partial(tell, world, run, "a"),
                partial(close, world, run),
                partial(tell, world, run, "b"),
                partial(close, world, run),
            ]
        )
        told = [each for each in outcomes if isinstance(each, list)]
        late = [each for each in outcomes if isinstance(each, Conflict)]
        assert len(told) + len(late) == 2
        with tenant_transaction(world.company.id):
            kept = Run.objects.get(pk=run.pk)
            found = verify_run(kept)
        assert (kept.outcome, kept.step_count) == ("succeeded", 3 * len(told))
        assert (found.is_closed, found.problems) == (True, ())


def test_of_many_who_take_back_at_once_one_does(committed_db: CommittedDatabase) -> None:
    world = undoable("require_approval")
    for _ in range(ROUNDS):
        paid = done(world)
        outcomes = committed_db.at_once([partial(undo, world, paid)] * 4)
        made = [each for each in outcomes if isinstance(each, ActionRequest)]
        others = [each for each in outcomes if not isinstance(each, ActionRequest)]
        assert len(made) == 1
        assert [getattr(each, "code", repr(each)) for each in others] == ["undo_under_way"] * 3
        with tenant_transaction(world.company.id):
            assert ActionRequest.objects.filter(undoes=paid).count() == 1
