"""E-mail: rendered and handed to the server. Called outside of any transaction."""

import smtplib
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import urlsplit

import css_inline
from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.template.loader import render_to_string

from approvals.transports.failures import DeliveryFailure, PermanentFailure

TIMEOUT_SECONDS: Final = 10
_inliner = css_inline.CSSInliner(load_remote_stylesheets=False)


@dataclass(frozen=True)
class Mail:
    """One message to one person. `ident` makes a second copy recognisable as the same."""

    ident: str
    to: str
    subject: str
    template: str  # approvals/email/<template>.{html,txt}
    context: dict[str, Any] = field(default_factory=dict)


def send_mail(mail: Mail) -> None:
    """Hand the message to the server. Raises `DeliveryFailure` or `PermanentFailure`."""
    message = build_message(mail)
    message.connection = get_connection(timeout=TIMEOUT_SECONDS)
    try:
        message.send()
    except smtplib.SMTPRecipientsRefused as error:
        codes = [code for code, _ in error.recipients.values()]
        kind = PermanentFailure if all(code >= 500 for code in codes) else DeliveryFailure
        raise kind(f"The mail server refused the address ({codes}).") from error
    except smtplib.SMTPResponseException as error:
        raise DeliveryFailure(f"The mail server answered {error.smtp_code}.") from error
    except (smtplib.SMTPException, OSError) as error:
        raise DeliveryFailure(f"The mail server: {type(error).__name__}.") from error


def build_message(mail: Mail) -> EmailMultiAlternatives:
    """Return the message as text with an HTML twin. No picture, nothing remote, no tracking."""
    context = {**mail.context, "subject": mail.subject}
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    message = EmailMultiAlternatives(
        subject=mail.subject,
        body=render_to_string(f"approvals/email/{mail.template}.txt", context),
        to=[mail.to],
        headers={
            "Message-ID": f"<{mail.ident}@{host}>",
            "Auto-Submitted": "auto-generated",
            "X-Auto-Response-Suppress": "All",
        },
    )
    html = render_to_string(f"approvals/email/{mail.template}.html", context)
    message.attach_alternative(_inliner.inline(html), "text/html")
    return message
