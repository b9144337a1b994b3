"""What two laws ask of logs and oversight, and which recorded events bear on it."""

from typing import Final

from audit.reports import framework_events as e
from audit.reports.frameworks import Duty, framework_kind
from audit.reports.kind import Kind

_EU: Final = (
    Duty(
        "Art. 12(1)", "Automatic recording of events",
        "A high-risk system lets events be recorded automatically over its lifetime.",
        (e.SUBMITTED, e.BY_PEOPLE, e.BY_RULE, e.BLOCKED),
        "Events inside of the system itself, before it asks for an action.",
    ),
    Duty(
        "Art. 12(2)(a)", "Situations that may present a risk",
        "The logs let situations be identified that may present a risk or a substantial"
        " modification.",
        (e.BLOCKED, e.FAILED, e.OVERDUE, e.REFUSED, e.FINDINGS, e.AGENTS, *e.HELD),
        "Whether a change of the model is a substantial modification.",
    ),
    Duty(
        "Art. 12(2)(b), (c)", "Monitoring after placing on the market and of operation",
        "The logs help to monitor the system in operation.",
        (e.EXECUTED, e.FAILED, e.EXPIRED),
        "The provider's plan for monitoring after placing on the market.",
    ),
    Duty(
        "Art. 14(1), (3)", "Oversight by natural persons while in use",
        "People can oversee the system effectively, commensurate with its risks.",
        (e.BY_PEOPLE, e.VOTES, e.SECOND_FACTOR, e.ESCALATED, e.EXPIRED),
        "How the measures were chosen for the risks of this system.",
    ),
    Duty(
        "Art. 14(4)(a), (c)", "Understanding and interpreting",
        "Overseers understand what the system can do, notice anomalies, and interpret its output.",
        (e.COMMENTS, e.CHANGED, e.RETURNED),
        "The instructions and training that overseers had.",
    ),
    Duty(
        "Art. 14(4)(b)", "Awareness of automation bias",
        "Overseers stay aware of a tendency to rely on the output automatically.",
        (e.FAST, e.DENIED, e.DRILLS),
        "What people thought; only how long they looked and how they decided.",
    ),
    Duty(
        "Art. 14(4)(d)", "Not using, disregarding, overriding or reversing",
        "Overseers can decide against the output in any particular situation.",
        (e.DENIED, e.RETURNED, e.CHANGED, e.WITHDRAWN),
        "Effects outside that could not be reversed.",
    ),
    Duty(
        "Art. 14(4)(e)", "Intervening or stopping",
        "Overseers can interrupt the system and bring it to a safe halt.",
        (*e.NARROWED, *e.HELD, e.KILL_DRILLED, e.CANCELLED, e.WITHDRAWN),
        "Stops made inside of the system, past this service.",
    ),
    Duty(
        "Art. 19(1)", "Keeping of logs by providers",
        "Automatically generated logs are kept for an appropriate time, at least six months.",
        (e.RETENTION, e.KEYS),
        "Logs that the provider keeps elsewhere.",
    ),
    Duty(
        "Art. 26(1), (2)", "Use by instructions; people with competence and authority",
        "Deployers assign oversight to people who have competence, training, authority, support.",
        (e.RIGHTS, e.MEMBERS, e.STAND_INS, e.PUBLISHED),
        "The competence and training of the people to whom oversight was assigned.",
    ),
    Duty(
        "Art. 26(5)", "Monitoring, suspending, informing of incidents",
        "Deployers monitor operation, suspend use where there is a risk, and inform of incidents.",
        (e.FINDINGS, e.FAILED, *e.NARROWED, e.USED_UP),
        "Whether the provider and the authority were informed.",
    ),
    Duty(
        "Art. 26(6)", "Keeping of logs by deployers",
        "Deployers keep the logs under their control for at least six months.",
        (e.RETENTION, e.EXPORTED),
        "Logs outside of this record.",
    ),
)  # fmt: skip
_HIPAA: Final = (
    Duty(
        "164.312(a)(1)", "Access control",
        "Only persons or software with granted rights get access.",
        (e.MEMBERS, e.RIGHTS, e.CREDENTIALS, e.REFUSED, e.REVEALED, e.KILLED, e.CUT, e.GUARDED),
        "Access to systems that hold health information outside of this service.",
    ),
    Duty(
        "164.312(a)(2)(i)", "Unique user identification",
        "Each user has a unique name or number by which activity is tracked.",
        (e.LOGINS, e.AGENTS, e.VOTES),
        "Accounts of other systems.",
    ),
    Duty(
        "164.312(a)(2)(ii)", "Emergency access procedure",
        "There is a procedure for access during an emergency.",
        (e.BREAK_GLASS, e.REVIEWED_LATER),
        "The written procedure itself.",
    ),
    Duty(
        "164.312(a)(2)(iii)", "Automatic logoff",
        "Sessions end after a time of inactivity.",
        (e.LOGOUTS,),
        "Sessions that ended by themselves leave no event; their length is a setting.",
    ),
    Duty(
        "164.312(b)", "Audit controls",
        "Activity in systems with electronic health information is recorded and examined.",
        (e.SUBMITTED, e.PERMITTED, e.REVEALED, e.EXPORTED, e.FINDINGS),
        "Activity in the systems on which agents acted.",
    ),
    Duty(
        "164.312(c)(1), (2)", "Integrity",
        "Information is protected from improper alteration, and alteration can be detected.",
        (e.KEYS, e.CHANGED, e.REFUSED),
        "The integrity of health information itself; of this record, the last page tells how.",
    ),
    Duty(
        "164.312(d)", "Person or entity authentication",
        "Who seeks access is verified to be who they claim to be.",
        (e.LOGINS, e.FAILED_LOGINS, e.FACTORS, e.SECOND_FACTOR, e.CREDENTIALS),
        "How identities were proved before an account was opened.",
    ),
    Duty(
        "164.312(e)(1)", "Transmission security",
        "Information is guarded against unauthorised access while it is transmitted.",
        (e.NOTIFIED, e.UNDELIVERED),
        "Encryption on the way is a property of the installation and leaves no event.",
    ),
)  # fmt: skip

LAWS: Final[tuple[Kind, ...]] = (
    framework_kind(
        slug="eu-ai-act",
        title="EU AI Act: logs and human oversight",
        purpose="Articles 12, 14, 19 and 26 beside the recorded events that bear on them.",
        source="Regulation (EU) 2024/1689, Articles 12, 14, 19 and 26",
        duties=_EU,
    ),
    framework_kind(
        slug="hipaa",
        title="HIPAA: technical safeguards",
        purpose="45 CFR 164.312 beside the recorded events that bear on it.",
        source="45 CFR 164.312",
        duties=_HIPAA,
    ),
)
