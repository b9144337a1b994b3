"""What one person is told, in no channel's form: e-mail, chat and push are made from it.

A leaf: it knows no database and no channel. Every text is safe to show as it is (what cannot be
seen is written out), is plain text, and has to be escaped by whoever puts it into markup.
"""

from dataclasses import dataclass
from typing import Literal

from approvals.enums import NotificationKind

LinkRole = Literal["approve", "deny", "open", "settings"]


@dataclass(frozen=True)
class Fact:
    """One labelled fact: “Amount”, “4,200.00 EUR”."""

    label: str
    value: str


@dataclass(frozen=True)
class Link:
    """An address that only ever opens a page: nothing is decided by following it.

    “approve” and “deny” lead to the person's own review page, where they read and confirm.
    """

    role: LinkRole
    label: str
    url: str


@dataclass(frozen=True)
class Message:
    """One message to one person about one thing, or a digest of several (`entries`).

    A channel with little room shows `title`, `sentence` and the link with the role “open”.
    """

    ident: str  # the same at every attempt: a second copy can be recognised (ntf_…)
    kind: NotificationKind
    company: str
    title: str  # one line: the subject of a mail
    heading: str  # the consequence, without “Reminder:” before it
    sentence: str  # what is asked or what happened, in one sentence
    recipient: str  # the name by which the person is spoken to
    facts: tuple[Fact, ...] = ()
    reason: str = ""  # the agent's words, checked by nobody: mark them so
    remark: str = ""  # what the person who decided, or who writes, said
    notes: tuple[str, ...] = ()  # attached by the rules
    rules: tuple[str, ...] = ()  # why this person is asked
    warnings: tuple[str, ...] = ()  # “You will be asked to log in.”
    deadline: str = ""  # in words, with the time zone
    links: tuple[Link, ...] = ()
    hint: str = ""  # what the links do and do not do
    opening: str = ""  # the company's own words, before and after
    closing: str = ""
    reference: str = ""  # the request's public id
    footer: str = ""
    stop_url: str = (
        ""  # one click there stops messages of this kind; empty where none can be stopped
    )
    is_question: bool = False  # somebody has to decide
    entries: tuple["Message", ...] = ()

    def link(self, role: LinkRole) -> Link | None:
        """Return the link with this role, if there is one."""
        return next((link for link in self.links if link.role == role), None)

    @property
    def is_digest(self) -> bool:
        """Whether it stands for several messages."""
        return bool(self.entries)
