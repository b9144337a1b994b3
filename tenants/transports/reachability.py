"""Whether somebody answers at an address: judged and pinned as all that tenants name."""

from typing import Final

from django.conf import settings

from govapp.common import outgoing
from govapp.common.outgoing import CallFailed
from govapp.common.receivers import may_go_to

SECONDS: Final = 10.0


def knock(url: str) -> tuple[bool, str]:
    """Ask for nothing (HEAD) and return whether a server answered, with a sentence.

    Any answer but a server's own fault will do: most systems refuse whoever brings no key. No
    redirect is followed, nothing is sent but the question, and no body is read.
    """
    if settings.CALLBACKS_NEED_HTTPS and not url.startswith("https://"):
        return False, "The address does not begin with https://."
    try:
        status = outgoing.head(url, may_go_to=may_go_to, seconds=SECONDS)
    except CallFailed as failure:
        return False, str(failure)
    if status >= 500:
        return False, f"It answered {status}: it does not work at this moment."
    return True, f"It answered {status}, and its scopes are declared."
