"""Connecting chat, and saying who is who there. A secret is written, and never shown again."""

from collections.abc import Iterable
from typing import Any, Final

from django import forms

from approvals.enums import NotificationChannel
from tenants.models import Membership

_KEPT: Final = "Leave it empty to keep the one that is there. It is stored sealed."
_NEW: Final = "It is stored sealed, and nobody is shown it again."


def _secret(**attributes: str) -> forms.PasswordInput:
    # A browser that offers a stored password here would paste the person's own.
    return forms.PasswordInput(
        attrs={"autocomplete": "off", "spellcheck": "false", **attributes}, render_value=False
    )


class ConnectionForm(forms.Form):
    """What both have: a name, and secrets that may stay when there are some already."""

    secrets: tuple[str, ...] = ()

    name = forms.CharField(max_length=100, help_text="How this connection is called here.")

    def __init__(self, *args: Any, is_new: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in self.secrets:
            self.fields[name].required = is_new
            self.fields[name].help_text = _NEW if is_new else _KEPT


class SlackForm(ConnectionForm):
    secrets = ("bot_token", "signing_secret")

    bot_token = forms.CharField(
        label="Bot token", max_length=400, widget=_secret(placeholder="xoxb-…")
    )
    signing_secret = forms.CharField(label="Signing secret", max_length=200, widget=_secret())


class TeamsForm(ConnectionForm):
    secrets = ("url",)

    url = forms.CharField(
        label="Address of the workflow", max_length=500, widget=_secret(placeholder="https://…")
    )


class AccountForm(forms.Form):
    """Who somebody is in one of the chats."""

    member = forms.ChoiceField()
    channel = forms.ChoiceField(label="Chat")
    address = forms.CharField(
        max_length=200,
        help_text="In Slack the member ID (U024BE7LH), in Teams the address they log in with.",
    )

    def __init__(
        self, *args: Any, members: Iterable[Membership], channels: Iterable[str], **options: Any
    ) -> None:
        super().__init__(*args, **options)
        _choose(
            self.fields["member"],
            [(each.public_id, f"{each} ({each.user.email})") for each in members],
        )
        _choose(
            self.fields["channel"],
            [(each, str(NotificationChannel(each).label)) for each in channels],
        )


def _choose(field: forms.Field, choices: list[tuple[str, str]]) -> None:
    assert isinstance(field, forms.ChoiceField)  # noqa: S101 - for the type checker
    field.choices = choices
