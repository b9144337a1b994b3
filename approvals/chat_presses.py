"""What Slack sends when somebody presses something, and what it is answered. A leaf.

Source: Slack's reference for interaction payloads (block_actions, view_submission).
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from govapp.common.errors import Malformed

APPROVE: Final = "govapp_approve"
DENY: Final = "govapp_deny"
CONFIRM_ACCOUNT: Final = "govapp_this_is_me"
REASON_VIEW: Final = "govapp_deny_reason"
REASON_BLOCK: Final = "reason"
REASON_INPUT: Final = "text"
_LONGEST: Final = 5_000


@dataclass(frozen=True)
class Press:
    """One button, or one form sent. What is not there is empty."""

    action: str
    team: str
    user: str
    value: str = ""
    channel: str = ""  # where the message with the button is, and its time stamp
    message: str = ""
    trigger: str = field(default="", repr=False)  # opens a form, for three seconds
    reason: str = ""

    @property
    def is_form(self) -> bool:
        """Whether it is the form that asks for a reason."""
        return self.action == REASON_VIEW


@dataclass(frozen=True)
class Reply:
    """What happens on the screen of whoever pressed.

    tell: only they see it. replace: instead of the message with the buttons. ask: the form that
    asks for a reason, which carries `value`. fault: below the form's field. nothing: nothing.
    """

    kind: Literal["tell", "replace", "ask", "fault", "nothing"]
    text: str = ""
    heading: str = ""
    value: str = ""


def read_press(text: str) -> Press:
    """Return what the `payload` of a signed call says. Raises `Malformed`."""
    try:
        payload = json.loads(text)
        kind = payload["type"]
        if kind == "block_actions":
            return _button(payload)
        if kind == "view_submission":
            return _form(payload)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError, RecursionError) as error:
        raise Malformed("This is no interaction of Slack.") from error
    return Press(action="", team=_team(payload), user="")


def write_metadata(press: Press) -> str:
    """Return what the form keeps of the button that opened it."""
    return json.dumps({"value": press.value, "channel": press.channel, "message": press.message})


def _button(payload: Mapping[str, Any]) -> Press:
    action, place = payload["actions"][0], payload.get("container") or {}
    return Press(
        action=_word(action["action_id"]),
        team=_team(payload),
        user=_word(payload["user"]["id"]),
        value=_word(action.get("value")),
        channel=_word(place.get("channel_id")),
        message=_word(place.get("message_ts")),
        trigger=_word(payload.get("trigger_id")),
    )


def _form(payload: Mapping[str, Any]) -> Press:
    view = payload["view"]
    kept = json.loads(view["private_metadata"])
    return Press(
        action=_word(view["callback_id"]),
        team=_team(payload),
        user=_word(payload["user"]["id"]),
        value=_word(kept["value"]),
        channel=_word(kept["channel"]),
        message=_word(kept["message"]),
        reason=_word(view["state"]["values"][REASON_BLOCK][REASON_INPUT].get("value")),
    )


def _team(payload: Mapping[str, Any]) -> str:
    team = payload.get("team")
    return _word(team["id"] if team else payload["user"].get("team_id"))


def _word(value: Any) -> str:
    """Return a text of the payload; what is none, or far too long, is as good as nothing."""
    return value if isinstance(value, str) and len(value) <= _LONGEST else ""
