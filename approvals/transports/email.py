"""E-mail: rendered and handed to the server. Called outside of any transaction."""

import smtplib
from email.utils import formataddr, parseaddr
from typing import Final
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from approvals.messages import Message
from approvals.models import Notification
from approvals.transports.failures import DeliveryFailure, PermanentFailure

TIMEOUT_SECONDS: Final = 10
_REPLIES: Final = "Replies decide nothing"
# Rules for the dark and for small screens cannot be inlined: that block stays as it is.
_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


def send(row: Notification, message: Message) -> None:
    """Hand the message to the server. Raises `DeliveryFailure` or `PermanentFailure`."""
    mail = build_mail(row.member.user.email, message)
    mail.connection = get_connection(timeout=TIMEOUT_SECONDS)
    try:
        mail.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        kind = PermanentFailure if all(code >= 500 for code in codes) else DeliveryFailure
        raise kind(f"The mail server refused the address ({codes}).") from error
    except smtplib.SMTPResponseException as error:
        raise DeliveryFailure(f"The mail server answered {error.smtp_code}.") from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryFailure(f"The mail server: {type(error).__name__}.") from error


def build_mail(to: str, message: Message) -> EmailMultiAlternatives:
    """Return the message as text with an HTML twin. No picture, nothing remote, no tracking."""
    mail = EmailMultiAlternatives(
        subject=message.title,
        body=render_text(message),
        to=[to],
        reply_to=[formataddr((_REPLIES, parseaddr(settings.DEFAULT_FROM_EMAIL)[1]))],
        headers=_headers(message),
    )
    mail.attach_alternative(render_html(message), "text/html")
    return mail


def render_html(message: Message) -> str:
    """Return the message as it looks in a mail program, styles inlined."""
    html = render_to_string(f"approvals/email/{_name(message)}.html", _context(message))
    return str(_inliner.inline(html))


def render_text(message: Message) -> str:
    """Return the message for who reads plain text."""
    text = render_to_string(f"approvals/email/{_name(message)}.txt", _context(message))
    return f"{text.strip()}\n"


def _name(message: Message) -> str:
    return "digest" if message.is_digest else "message"


def _context(message: Message) -> dict[str, object]:
    settings_link = message.link("settings")
    return {"message": message, "settings_url": settings_link.url if settings_link else ""}


def _headers(message: Message) -> dict[str, str]:
    """Return what mail programs and other machines go by.

    `Auto-Submitted` (RFC 3834) keeps answering machines quiet. One click stops a kind of message
    (RFC 8058), where there is anything to stop. `References` keeps together what is about one
    request.
    """
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    headers = {
        "Message-ID": f"<{message.ident}@{host}>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
    }
    if message.reference:
        headers["References"] = f"<{message.reference}@{host}>"
    if message.stop_url:
        headers["List-Unsubscribe"] = f"<{message.stop_url}>"
        headers["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return headers
