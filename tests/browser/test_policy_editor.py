"""The policy editor in a real browser: by keyboard, on a phone, without a script, silently."""

from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from approvals.models import PolicyDraft, PolicyVersion
from approvals.policies import Policy, dump_policy, load_policy, parse_policy
from approvals.services.drafts import create_draft, save_draft
from govapp.common.tenancy import tenant_transaction
from tests.browser.conftest import WIDTHS, Visit, Visitor
from tests.browser.demo import Demo, document
from tests.browser.test_pages import examine

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Desk:
    """A draft of the live rules, and the officer who writes it."""

    demo: Demo
    draft: PolicyDraft

    def url(self, rest: str = "") -> str:
        return f"/t/acme/policy/drafts/{self.draft.public_id}/{rest}"

    def now(self) -> PolicyDraft:
        with tenant_transaction(self.demo.world.company.id):
            return PolicyDraft.objects.get(pk=self.draft.pk)

    def policy(self) -> Policy:
        return load_policy(self.now().source)


@pytest.fixture
def desk(demo: Demo) -> Desk:
    with tenant_transaction(demo.world.company.id):
        source = "# the board's limits\n" + dump_policy(parse_policy(document()))
        draft = create_draft(actor=demo.world.company.carl, source=source, title="New limits")
    return Desk(demo, draft)


def sentence(page: Page, key: str) -> Locator:
    return page.locator(f"#card-{key} .rule-sentence")


def open_rule(window: Visitor, desk: Desk, key: str) -> Page:
    page = window.go(desk.url())
    page.locator(f"#edit-{key}").click()
    expect(page.locator(f"#{key} .rule-form")).to_be_visible()
    return page


def settled(page: Page) -> Page:
    """Wait until the right half answered for what is on the page."""
    expect(page.locator("#editor-side:not([aria-busy]) #replay-headline")).to_be_visible()
    return page


@pytest.mark.parametrize("width", WIDTHS)
def test_every_state_is_accessible_and_silent(
    desk: Desk, visit: Visit, shots: Path | None, width: int
) -> None:
    window = visit(desk.demo.world.company.carl, width=width)
    wrong = examine(settled(window.go(desk.url())), f"editor-{width}", shots)
    for key in ("rules-0", "flows-0", "otherwise"):
        page = open_rule(window, desk, key)
        for each in page.locator(".rule-form details").all():
            each.locator("summary").click()
        wrong += examine(page, f"editor-{key}-{width}", shots)
    page.locator("#add-rules").click()
    expect(page.locator("#rules-3 .rule-form")).to_be_visible()
    page.locator("#f-rules-3-id").fill("Not a slug")
    expect(page.locator("#problems .notice")).to_be_visible()
    wrong += examine(page, f"editor-faults-{width}", shots)
    page.locator("#view-text").click()
    expect(page.locator("textarea#source")).to_be_visible()
    wrong += examine(page, f"editor-text-{width}", shots)
    page = window.go(desk.url("review"))
    wrong += examine(page, f"editor-review-{width}", shots)
    assert wrong == []
    assert window.faults == []


def tab_to(page: Page, target: Locator, *, most: int = 40) -> None:
    for _ in range(most):
        if target.evaluate("each => each === document.activeElement"):
            return
        page.keyboard.press("Tab")
    pytest.fail("The keyboard does not get there.")


def choose(page: Page, target: Locator, letters: str) -> None:
    """Pick an option as a hand on the keyboard does: by its first letters."""
    tab_to(page, target)
    page.keyboard.type(letters)


def test_a_rule_is_built_wholly_by_keyboard(desk: Desk, visit: Visit) -> None:
    window = visit(desk.demo.world.company.carl)
    page = settled(window.go(desk.url()))
    page.locator("#add-rules").focus()
    page.keyboard.press("Enter")
    category = page.locator("#f-rules-3-when-category")
    expect(category).to_be_focused()
    page.keyboard.type("Bank")
    expect(page.locator("#f-rules-3-when-category-1")).to_be_visible()
    expect(category).to_be_focused()
    tab_to(page, page.locator("button[value='rules-3-c-add']"))
    page.keyboard.press("Enter")
    field = page.locator("#f-rules-3-c-0-field")
    expect(field).to_be_focused()
    page.keyboard.type("Amount")
    value = page.locator("#f-rules-3-c-0-value")
    expect(value).to_be_visible()
    expect(field).to_be_focused()
    tab_to(page, value)
    page.keyboard.type("250000")
    expect(sentence(page, "rules-3")).to_contain_text("has amount over 250000")
    tab_to(page, page.locator("input[name='rules-3-then']:checked"))
    for _ in range(2):
        page.keyboard.press("ArrowDown")
    expect(sentence(page, "rules-3")).to_contain_text("it is denied.")
    tab_to(page, page.locator("#f-rules-3-id"))
    page.keyboard.press("Control+A")
    page.keyboard.type("nothing-huge")
    expect(page.locator("#card-rules-3 .chip")).to_have_text("nothing-huge")
    expect(page.locator("#replay-headline")).to_contain_text("None of")
    tab_to(page, page.locator("button[value='save']"), most=80)
    page.keyboard.press("Enter")
    expect(page.locator(".messages")).to_contain_text("Saved. This is revision 2.")
    rule = desk.policy().rules[3]
    assert (rule.id, rule.then, rule.when.categories) == (
        "nothing-huge",
        "deny",
        ("payments.transfer",),
    )
    assert desk.now().source.startswith("# the board's limits\n")
    assert window.faults == []


def test_rules_are_moved_and_removed_by_keyboard(desk: Desk, visit: Visit) -> None:
    window = visit(desk.demo.world.company.carl)
    page = settled(window.go(desk.url()))
    page.locator("#rules-0 summary").focus()
    page.keyboard.press("Enter")
    tab_to(page, page.locator("#rules-0-down"))
    page.keyboard.press("Enter")
    expect(page.locator("#rules-1-down")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("#rules-2-down")).to_be_focused()
    page.locator("button[value='rules-2-remove']").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#edit-rules-1")).to_be_focused()
    assert desk.policy().rules[0].id == "large-payments"  # not saved yet
    page.locator("button[value='save']").click()
    assert [each.id for each in desk.policy().rules] == ["refunds", "small-payments"]
    assert window.faults == []


def test_the_replay_changes_while_a_limit_is_typed(desk: Desk, visit: Visit) -> None:
    window = visit(desk.demo.world.company.carl)
    page = settled(open_rule(window, desk, "rules-2"))
    expect(page.locator("#replay-headline")).to_contain_text("None of")
    limit = page.locator("#f-rules-2-c-0-value")
    limit.fill("100")
    expect(sentence(page, "rules-2")).to_contain_text("amount under 100")
    expect(page.locator("#replay-headline")).to_contain_text("would have been decided otherwise")
    expect(page.locator("#replay-headline")).not_to_contain_text("None")
    expect(page.locator(".replay-list a").first).to_contain_text("Pay EUR")
    assert "/requests/ar_" in str(page.locator(".replay-list a").first.get_attribute("href"))
    expect(limit).to_be_focused()
    assert limit.input_value() == "100"
    expect(page.locator("#save-state")).to_contain_text("Not saved")
    assert window.faults == []


def test_an_impossible_quorum_is_said_before_anybody_reviews(desk: Desk, visit: Visit) -> None:
    window = visit(desk.demo.world.company.carl)
    page = settled(open_rule(window, desk, "flows-0"))
    page.locator("#f-flows-0-s-0-seat-0-count").fill("3")
    expect(page.locator(".lint--error").first).to_be_visible()
    expect(sentence(page, "flows-0")).to_contain_text("3 from Finance")
    page.locator(".lint--error button").first.click()
    expect(page.locator(".rule--open")).to_be_visible()
    assert window.faults == []


@pytest.mark.parametrize("width", WIDTHS)
def test_seats_of_different_groups_with_somebody_left_out(
    desk: Desk, visit: Visit, shots: Path | None, width: int
) -> None:
    window = visit(desk.demo.world.company.carl, width=width)
    page = open_rule(window, desk, "flows-0")
    start = "#f-flows-0-s-0-seat-0"
    page.locator(f"{start}-who").select_option("groups")
    expect(page.locator(f"{start}-groups")).to_be_visible()
    page.locator(f"{start}-groups").select_option("finance")
    page.locator(f"{start}-groups-1").select_option("risk")
    expect(page.locator(f"{start}-groups-2")).to_be_visible()
    page.locator(f"{start}-count").fill("2")
    page.locator(f"{start}-but").select_option("manager:agent_owner")
    expect(page.locator(f"{start}-but-1")).to_be_visible()
    expect(settled(page).locator("#card-flows-0")).to_contain_text(
        "2 from different groups (Finance, Risk) (anyone but the manager of the agent's owner)"
    )
    assert examine(page, f"editor-seats-{width}", shots) == []


def test_a_stage_counts_business_hours_asks_again_and_hands_over(desk: Desk, visit: Visit) -> None:
    window = visit(desk.demo.world.company.carl)
    page = settled(open_rule(window, desk, "flows-0"))
    stage = "#f-flows-0-s-0"
    page.locator(f"{stage}-counting").select_option("business_hours")
    page.locator(f"{stage}-reminders").fill("every 30m 3 times")
    page.locator(f"{stage}-esc-0-every").fill("20m")
    page.locator(f"{stage}-esc-0-times").fill("2")
    page.locator(f"{stage}-esc-0-hand-over").check()
    expect(sentence(page, "flows-0")).to_contain_text(
        "within 4 business hours; reminders after 30 business minutes, 1 business hour and"
        " 90 business minutes; after 2 business hours it is handed over to Managers, who are asked"
        " again every 20 business minutes, 2 times; the others may still approve"
    )
    expect(page.locator(".lint").filter(has_text="counts business hours")).to_be_visible()
    assert window.faults == []


def test_text_and_sentences_say_the_same_both_ways(desk: Desk, visit: Visit) -> None:
    window = visit(desk.demo.world.company.carl)
    page = window.go(desk.url())
    page.locator("#view-text").click()
    source = page.locator("textarea#source")
    source.fill(source.input_value().replace("deadline: 45m", "deadline: 90m  # longer"))
    page.locator("#view-rules").click()
    expect(sentence(page, "flows-1")).to_contain_text("within 90 minutes")
    page.locator("#edit-flows-1").click()
    page.locator("#f-flows-1-s-0-deadline").fill("2h")
    expect(sentence(page, "flows-1")).to_contain_text("within 2 hours")
    page.locator("#view-text").click()
    expect(page.locator("textarea#source")).to_have_value(desk_text("deadline: 2h  # longer"))
    assert window.faults == []


def desk_text(deadline: str) -> str:
    text = "# the board's limits\n" + dump_policy(parse_policy(document()))
    return text.replace("deadline: 45m", deadline)


def test_without_a_script_everything_works_too(desk: Desk, visit: Visit) -> None:
    window = visit(desk.demo.world.company.carl, scripts=False)
    page = window.go(desk.url())
    page.locator("#edit-rules-2").click()
    page.locator("#f-rules-2-c-0-value").fill("500")
    page.get_by_role("button", name="Check").click()
    expect(sentence(page, "rules-2")).to_contain_text("amount under 500")
    expect(page.locator("#replay-headline")).to_contain_text("would have been decided otherwise")
    page.locator("button[value='rules-2-c-add']").click()
    page.locator("#f-rules-2-c-1-field").select_option("category.risk")
    page.get_by_role("button", name="Check").click()
    page.locator("#f-rules-2-c-1-value").select_option("low")
    page.locator("button[value='save']").click()
    expect(page.locator(".messages")).to_contain_text("Saved. This is revision 2.")
    expect(sentence(page, "rules-2")).to_contain_text("amount under 500 and category risk low")


def test_two_who_write_at_once_lose_nothing(desk: Desk, visit: Visit) -> None:
    window = visit(desk.demo.world.company.carl, width=390)
    page = open_rule(window, desk, "flows-1")
    with tenant_transaction(desk.demo.world.company.id):
        save_draft(
            actor=desk.demo.world.company.carl,
            draft_id=desk.draft.pk,
            revision=1,
            source=desk_text("deadline: 3h"),
        )
    page.locator("#f-flows-1-s-0-deadline").fill("5h")
    page.locator("button[value='save']").last.click()
    expect(page.locator(".diff-add").last).to_contain_text("within 5 hours")
    expect(page.locator(".diff-del").last).to_contain_text("within 3 hours")
    assert examine(page, "editor-stale-390-light", None) == []
    page.get_by_role("button", name="Save mine over theirs").click()
    expect(page.locator(".messages")).to_contain_text("Saved. This is revision 3.")
    assert desk.now().source == desk_text("deadline: 5h")


def test_a_draft_goes_to_review_on_a_phone(desk: Desk, visit: Visit) -> None:
    window = visit(desk.demo.world.company.carl, width=390)
    page = open_rule(window, desk, "flows-1")
    page.locator("#f-flows-1-s-0-deadline").fill("30m")
    page.get_by_role("button", name="Send to review").click()
    expect(page.locator(".diff-add")).to_contain_text("within 30 minutes")
    page.locator("#id_remark").fill("Refunds are decided quicker.")
    page.get_by_role("button", name="Send to review").click()
    expect(page.locator(".messages")).to_contain_text("is in review. It decides nothing yet.")
    with tenant_transaction(desk.demo.world.company.id):
        assert PolicyVersion.objects.latest("number").remark == "Refunds are decided quicker."
    assert window.faults == []
