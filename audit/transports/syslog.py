"""A batch as syslog: RFC 5424 in frames of RFC 6587, over TLS (RFC 5425) or TCP. Never UDP.

Syslog acknowledges nothing. What is known is in `govapp.common.outgoing_tcp`: one connection for
each batch, and the batch counts when the receiver has closed its side of it in order.
"""

import ssl
from urllib.parse import urlsplit

from django.conf import settings

from audit.exporting.syslog import framed, syslog_message
from audit.stream_addresses import (
    IN_THE_CLEAR,
    may_go_to,
    may_go_to_in_the_clear,
    read_syslog_address,
)
from audit.transports.batch import SECONDS, Batch, DeliveryFailed
from govapp.common.errors import Invalid
from govapp.common.outgoing import CallFailed, NotAllowed
from govapp.common.outgoing_tcp import Target, send_all


def send_batch(address: str, batch: Batch, *, roots: str) -> None:
    """Send a batch; return when its receiver has closed in order. Raises `DeliveryFailed`.

    `roots` are certificates (PEM) to trust beside those of the system.
    """
    try:
        place = read_syslog_address(address)
    except Invalid as error:  # the operator has closed a network since
        raise DeliveryFailed(error.errors[0].detail) from error
    us = urlsplit(settings.BASE_URL).hostname or ""
    content = b"".join(
        framed(syslog_message(line.body, line.text, index=line.index, host=us))
        for line in batch.lines
    )
    target = Target(place.host, place.port, trusting(roots) if place.is_secured else None)
    judge = may_go_to if place.is_secured else may_go_to_in_the_clear
    try:
        send_all(target, content, may_go_to=judge, seconds=SECONDS)
    except NotAllowed as error:
        words = str(error) if place.is_secured else IN_THE_CLEAR
        raise DeliveryFailed(words) from error
    except CallFailed as error:
        raise DeliveryFailed(str(error)) from error


def trusting(roots: str) -> ssl.SSLContext:
    """Return a context that wants TLS 1.2 at least and a certificate of the receiver's name.

    Raises `ValueError` for roots that are no certificates.
    """
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if roots:
        try:
            context.load_verify_locations(cadata=roots)
        except ssl.SSLError as error:
            raise ValueError("These are no certificates in PEM.") from error
    return context
