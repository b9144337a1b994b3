"""Mails as a server gets them: both forms, the headers that machines go by, nothing of others."""

import re
from collections.abc import Iterator
from dataclasses import replace
from email.message import EmailMessage
from typing import Any

import pytest
from pytest_django.fixtures import Settings

from approvals.enums import NotificationKind
from approvals.messages import Fact, Link, Message
from approvals.transports import email
from approvals.transports.failures import DeliveryFailure, PermanentFailure
from tests.support.smtp import Mailbox, running_mail_server

SITE = "https://govapp.example"
QUESTION = Message(
    ident="ntf_1",
    kind=NotificationKind.REQUESTED,
    company="Acme & Sons",
    title="Approve or deny: Pay <b>EUR 900</b>",
    heading="Pay <b>EUR 900</b>",
    sentence="Alice, your approval is needed.",
    recipient="Alice",
    facts=(Fact("Asked by", "payer"), Fact("Risk", "High")),
    reason="It is due.\nhttps://evil.example/approve",
    notes=("Standard 4.",),
    rules=("Payments need two people.",),
    warnings=("You will be asked for a code.",),
    deadline="Monday 23 November 2026, 17:00 (Europe/Berlin)",
    links=(
        Link("approve", "Approve…", f"{SITE}/l/abc?choice=approve"),
        Link("deny", "Deny…", f"{SITE}/l/abc?choice=deny"),
        Link("open", "Read and decide…", f"{SITE}/l/abc"),
        Link("settings", "How", f"{SITE}/t/acme/me/notifications"),
    ),
    hint="Both links only open the page.",
    opening="Please look <i>soon</i>.",
    closing="Treasury",
    reference="ar_1",
    footer="Acme & Sons on Govapp · ar_1",
    is_question=True,
)
OUTCOME = Message(
    ident="ntf_2",
    kind=NotificationKind.DECIDED,
    company="Acme & Sons",
    title="Denied: Pay",
    heading="Denied: Pay",
    sentence="This request has been denied by Bob.",
    recipient="Alice",
    remark="Not\nlike this.",
    links=(Link("open", "Open the request", f"{SITE}/t/acme/requests/ar_1/"),),
    reference="ar_1",
    footer="Acme & Sons on Govapp",
    stop_url=f"{SITE}/stop/token",
)
DIGEST = Message(
    ident="ntf_3",
    kind=NotificationKind.REQUESTED,
    company="Acme & Sons",
    title="Acme & Sons: 2 messages, 1 waiting for you",
    heading="2 messages, 1 waiting for you",
    sentence="Alice, this is what was held for you.",
    recipient="Alice",
    footer="Acme & Sons on Govapp",
    is_question=True,
    entries=(QUESTION, OUTCOME),
    stop_url=f"{SITE}/stop/token",
)


@pytest.fixture
def mailbox(settings: Settings) -> Iterator[Mailbox]:
    settings.BASE_URL = SITE
    settings.DEFAULT_FROM_EMAIL = "Govapp <govapp@govapp.example>"
    with running_mail_server() as mailbox:
        settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", mailbox.port
        yield mailbox


class _User:
    email = "alice@acme.example"


class _Member:
    user = _User()


class _Row:
    member = _Member()


def send(message: Message) -> None:
    row: Any = _Row()
    email.send(row, message)


def arrived(mailbox: Mailbox, message: Message) -> EmailMessage:
    send(message)
    return mailbox.messages[-1]


def part(mail: EmailMessage, kind: str) -> str:
    body = mail.get_body((kind,))
    assert body is not None
    return str(body.get_content()).replace("\r\n", "\n")


def test_the_headers_of_a_question(mailbox: Mailbox) -> None:
    mail = arrived(mailbox, QUESTION)
    assert {name: str(mail[name]) for name in mail if name not in ("Date", "Content-Type")} == {
        "Subject": "Approve or deny: Pay <b>EUR 900</b>",
        "From": "Govapp <govapp@govapp.example>",
        "To": "alice@acme.example",
        "Reply-To": "Replies decide nothing <govapp@govapp.example>",
        "Message-ID": "<ntf_1@govapp.example>",
        "References": "<ar_1@govapp.example>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "MIME-Version": "1.0",
    }


@pytest.mark.parametrize("message", [OUTCOME, DIGEST], ids=["outcome", "digest"])
def test_one_click_stops_what_can_be_stopped(mailbox: Mailbox, message: Message) -> None:
    mail = arrived(mailbox, message)
    assert mail["List-Unsubscribe"] == "<https://govapp.example/stop/token>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_plain_text_is_whole_and_nothing_in_it_is_taken_for_ours(mailbox: Mailbox) -> None:
    assert part(arrived(mailbox, QUESTION), "plain") == (
        "Pay <b>EUR 900</b>\n"
        "\n"
        "Please look <i>soon</i>.\n"
        "\n"
        "Alice, your approval is needed.\n"
        "\n"
        "You will be asked for a code.\n"
        "\n"
        "Asked by: payer\n"
        "Risk: High\n"
        "\n"
        "Decide until Monday 23 November 2026, 17:00 (Europe/Berlin). Without an answer it"
        " expires; it is never approved by itself.\n"
        "\n"
        "Approve… https://govapp.example/l/abc?choice=approve\n"
        "Deny… https://govapp.example/l/abc?choice=deny\n"
        "\n"
        "Both links only open the page.\n"
        "\n"
        "Attached by the rules:\n"
        "Standard 4.\n"
        "\n"
        "What the agent says, unchecked:\n"
        "> It is due.\n"
        "> https://evil.example/approve\n"
        "\n"
        "Why you are asked:\n"
        "Payments need two people.\n"
        "\n"
        "Treasury\n"
        "\n"
        "-- \n"
        "Acme & Sons on Govapp · ar_1\n"
        "How you are told: https://govapp.example/t/acme/me/notifications\n"
    )


@pytest.mark.parametrize(
    "message", [QUESTION, OUTCOME, DIGEST], ids=["question", "outcome", "digest"]
)
def test_the_markup_is_what_mail_programs_can_show(mailbox: Mailbox, message: Message) -> None:
    html = part(arrived(mailbox, message), "html")
    assert "<b>EUR" not in html
    assert "<i>soon" not in html
    # Nothing is fetched, nothing runs, and no address is made into a link but ours.
    assert not re.search(r"<(img|script|link|form|iframe|svg)|src=|url\(|@import|@font-face", html)
    linked = set(re.findall(r'href="([^"]*)"', html))
    assert all(url.startswith(SITE) for url in linked)
    # Styles stand at the elements; the one block is what cannot: darkness and small screens.
    (block,) = re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL)
    assert "prefers-color-scheme: dark" in block
    assert "max-width: 480px" in block
    assert '<meta name="color-scheme" content="light dark">' in html
    assert "max-width: 600px" in html
    assert len(html.encode()) < 102_400  # Gmail cuts off what is longer


def test_the_buttons_have_room_in_every_program(mailbox: Mailbox) -> None:
    html = part(arrived(mailbox, QUESTION), "html")
    cells = re.findall(r'<td class="button [^>]*>', html)
    assert len(cells) == 2
    assert all("mso-padding-alt: 12px 24px" in cell for cell in cells)
    assert all("background-color: #" in cell for cell in cells)


def test_the_line_under_the_subject_says_what_and_until_when(mailbox: Mailbox) -> None:
    html = part(arrived(mailbox, QUESTION), "html")
    hidden = html.partition('class="preheader"')[2].partition("</div>")[0]
    assert "Alice, your approval is needed. Until Monday 23 November 2026, 17:00" in hidden


def test_a_digest_leads_to_each_and_offers_no_choice(mailbox: Mailbox) -> None:
    for kind in ("plain", "html"):
        text = part(arrived(mailbox, DIGEST), kind)
        assert f"{SITE}/l/abc" in text
        assert f"{SITE}/t/acme/requests/ar_1/" in text
        assert "choice=" not in text


@pytest.mark.parametrize(
    ("answers", "refused", "failure", "why"),
    [
        (["451 busy"], set(), DeliveryFailure, "The mail server answered 451."),
        ([], {"alice@"}, PermanentFailure, "The mail server refused the address ([550])."),
    ],
)
def test_what_the_server_says_is_told_apart(
    mailbox: Mailbox,
    answers: list[str],
    refused: set[str],
    failure: type[DeliveryFailure],
    why: str,
) -> None:
    mailbox.answers, mailbox.refused = answers, refused
    with pytest.raises(DeliveryFailure) as raised:
        send(QUESTION)
    assert (type(raised.value), raised.value.why) == (failure, why)


def test_a_server_that_is_not_there_is_tried_again(settings: Settings) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(DeliveryFailure) as raised:
        send(QUESTION)
    assert (type(raised.value), raised.value.why) == (
        DeliveryFailure,
        "The mail server: ConnectionRefusedError.",
    )


def test_a_second_copy_is_recognised(mailbox: Mailbox) -> None:
    first = arrived(mailbox, QUESTION)["Message-ID"]
    assert arrived(mailbox, replace(QUESTION, title="Later"))["Message-ID"] == first
