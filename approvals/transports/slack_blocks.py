"""Messages as Slack shows them (Block Kit). What agents wrote is plain text, never markup."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from slack_sdk.models.blocks import (
    ActionsBlock,
    Block,
    ButtonElement,
    ConfirmObject,
    ContextBlock,
    HeaderBlock,
    InputBlock,
    PlainTextInputElement,
    PlainTextObject,
    SectionBlock,
)
from slack_sdk.models.blocks.basic_components import TextObject
from slack_sdk.models.views import View

from approvals.chat_presses import (
    APPROVE,
    CONFIRM_ACCOUNT,
    DENY,
    REASON_BLOCK,
    REASON_INPUT,
    REASON_VIEW,
)
from approvals.messages import Fact, Message
from approvals.services.chat_votes import ChatBallot
from approvals.transports.addressing import page_of

Blocks = list[dict[str, Any]]
# Slack's limits, in characters.
_HEADER: Final = 150
_SECTION: Final = 3_000
_FIELD: Final = 2_000
_FIELDS: Final = 10
_CONFIRM: Final = 300
_ENTRIES: Final = 20
_REASON: Final = 600
_REASON_INPUT: Final = 3_000


def message_blocks(message: Message, pages: str, ballot: ChatBallot | None = None) -> Blocks:
    """Return a message; with `ballot` it can be decided there, otherwise it leads to the page.

    `pages` is the address under which the account's pages are.
    """
    blocks: list[Block] = [*_heading(message.heading)]
    lines = [message.opening, message.sentence, message.remark]
    blocks += [SectionBlock(text=_plain(each, _SECTION)) for each in lines if each]
    blocks += _facts(_without_doubles(message.facts, ballot.payload if ballot else ()))
    if message.reason:
        reason = _cut(message.reason, _REASON)
        blocks += [_context([f"The agent's reason, checked by nobody: {reason}"])]
    blocks += [_context([each]) for each in (*message.rules, *message.notes, *message.warnings)][:8]
    for entry in message.entries[:_ENTRIES]:
        blocks += _entry(entry, pages)
    left = len(message.entries) - _ENTRIES
    if left > 0:
        blocks.append(_context([f"And {left} more."]))
    if message.deadline and message.is_question:
        blocks.append(_context([f"Until {message.deadline}"]))
    blocks += _actions(message, pages, ballot)
    last = [each for each in (message.closing, message.company, message.reference) if each]
    if last:
        blocks.append(_context(last))
    return _written(blocks)


def settled_blocks(heading: str, text: str) -> Blocks:
    """Return what stands where the buttons were."""
    return _written([*_heading(heading), SectionBlock(text=_plain(text, _SECTION))])


def account_blocks(company: str, name: str, value: str) -> Blocks:
    """Return the question whether this is the member whom we take them for."""
    button = ButtonElement(
        text=_plain("This is me", 75), action_id=CONFIRM_ACCOUNT, value=value, style="primary"
    )
    words = (
        f"Govapp would like to ask {name} of {company} for decisions here. If that is you, press"
        " the button. If not, do nothing."
    )
    return _written(
        [*_heading("Are you this person?"), SectionBlock(text=_plain(words, _SECTION)),
         ActionsBlock(elements=[button])]
    )  # fmt: skip


def reason_view(summary: str, metadata: str) -> dict[str, Any]:
    """Return the form that asks why something is denied."""
    field = PlainTextInputElement(
        action_id=REASON_INPUT, multiline=True, max_length=_REASON_INPUT, focus_on_load=True
    )
    view = View(
        type="modal",
        callback_id=REASON_VIEW,
        private_metadata=metadata,
        title=_plain("Deny this", 24),
        submit=_plain("Deny", 24),
        close=_plain("Cancel", 24),
        blocks=[
            SectionBlock(text=_plain(summary, _SECTION)),
            InputBlock(block_id=REASON_BLOCK, label=_plain("Reason", 100), element=field),
        ],
    )
    made: dict[str, Any] = view.to_dict()
    return made


def fallback(message: Message) -> str:
    """Return the one line of a push notification, in which Slack would read markup."""
    return escape(message.title)


def escape(text: str) -> str:
    """Return text in which Slack finds no mention and no link (its three characters)."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _heading(text: str) -> list[Block]:
    if not text:
        return []
    if len(text) <= _HEADER:
        return [HeaderBlock(text=PlainTextObject(text=text, emoji=False))]
    return [SectionBlock(text=_plain(text, _SECTION))]


def _facts(facts: Sequence[Fact]) -> list[Block]:
    fields: list[str | TextObject] = [
        _plain(f"{fact.label}\n{fact.value}", _FIELD) for fact in facts
    ]
    return [
        SectionBlock(fields=fields[first : first + _FIELDS])
        for first in range(0, len(fields), _FIELDS)
    ]


def _without_doubles(facts: Iterable[Fact], payload: Iterable[Fact]) -> list[Fact]:
    return list(dict.fromkeys([*payload, *facts]))


def _entry(entry: Message, pages: str) -> list[Block]:
    button = _open_button(entry, pages)
    text = "\n".join(each for each in (entry.heading, entry.sentence) if each)
    return [SectionBlock(text=_plain(text, _SECTION), accessory=button)]


def _actions(message: Message, pages: str, ballot: ChatBallot | None) -> list[Block]:
    elements = []
    if ballot is not None:
        sure = ConfirmObject(
            title=_plain("Approve this?", 100),
            text=_plain(message.heading, _CONFIRM),
            confirm=_plain("Approve", 30),
            deny=_plain("Back", 30),
        )
        elements += [
            ButtonElement(
                text=_plain("Approve", 75), action_id=APPROVE, value=ballot.approve,
                style="primary", confirm=sure,
            ),
            ButtonElement(
                text=_plain("Deny…", 75), action_id=DENY, value=ballot.deny, style="danger"
            ),
        ]  # fmt: skip
    if button := _open_button(message, pages, is_only=ballot is None):
        elements.append(button)
    return [ActionsBlock(elements=elements)] if elements else []


def _open_button(message: Message, pages: str, *, is_only: bool = False) -> ButtonElement | None:
    url = page_of(message, pages)
    if not url:
        return None
    words = "Review in Govapp" if is_only and message.is_question else "Open in Govapp"
    return ButtonElement(text=_plain(words, 75), action_id=f"open_{message.ident}", url=url)


def _context(lines: Sequence[str]) -> Block:
    return ContextBlock(elements=[_plain(line, _SECTION) for line in lines])


def _plain(text: str, limit: int) -> PlainTextObject:
    return PlainTextObject(text=_cut(text, limit), emoji=False)


def _cut(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"


def _written(blocks: Sequence[Block]) -> Blocks:
    return [block.to_dict() for block in blocks]
