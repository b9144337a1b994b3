"""What three standards ask of operation, change and oversight, and which events bear on it."""

from typing import Final

from audit.reports import framework_events as e
from audit.reports.frameworks import Duty, framework_kind
from audit.reports.kind import Kind

_SOC2: Final = (
    Duty(
        "CC7.1", "Detecting changes that bring vulnerabilities",
        "Changes to configuration that introduce vulnerabilities are detected.",
        (e.PUBLISHED, e.AGENTS, e.CREDENTIALS, e.CATEGORIES),
        "Vulnerabilities of software and hosts.",
    ),
    Duty(
        "CC7.2", "Monitoring for anomalies",
        "Components are monitored for anomalies, and these are analysed.",
        (e.FINDINGS, e.BLOCKED, e.REFUSED, e.FAILED_LOGINS, *e.HELD),
        "Monitoring of the infrastructure.",
    ),
    Duty(
        "CC7.3", "Evaluating security events",
        "Events are evaluated as to whether they are or could become incidents.",
        (e.FINDINGS, e.COMMENTS, e.REVIEWED_LATER),
        "Evaluations that were written elsewhere.",
    ),
    Duty(
        "CC7.4", "Responding to incidents",
        "Incidents are contained, mended and told of by a defined programme.",
        (*e.NARROWED, e.USED_UP, e.WITHDRAWN, e.ESCALATED, e.NOTIFIED),
        "The programme itself, and incidents outside of this service.",
    ),
    Duty(
        "CC7.5", "Recovering from incidents",
        "Activities to recover are identified, developed and carried out.",
        (e.FAILED, e.EXECUTED, e.RESUMED, e.DRILLS, e.KILL_DRILLED),
        "Plans and tests of recovery.",
    ),
    Duty(
        "CC8.1", "Authorising, testing, approving and carrying out changes",
        "Changes are authorised, designed, tested, approved and put into effect.",
        (e.PROPOSED, e.REPLAYED, e.CONFIRMED, e.PUBLISHED, e.ALONE),
        "Changes to the software of the installation.",
    ),
)  # fmt: skip
_ISO: Final = (
    Duty(
        "8.1", "Operational planning and control",
        "Processes are controlled by criteria, and planned changes are controlled.",
        (e.PUBLISHED, e.CONFIRMED, e.BLOCKED, e.BY_PEOPLE, *e.HELD),
        "Processes outside of the actions of agents.",
    ),
    Duty(
        "9.1", "Monitoring, measurement, analysis and evaluation",
        "The performance of the management system is monitored and evaluated.",
        (e.EXPORTED, e.FINDINGS, e.FAST, e.EXPIRED),
        "The organisation's own evaluation.",
    ),
    Duty(
        "10.2", "Nonconformity and corrective action",
        "Nonconformities are reacted to, and their causes are dealt with.",
        (e.FAILED, e.REFUSED, e.FINDINGS, e.PROPOSED, *e.NARROWED),
        "Causes and corrective actions that were written elsewhere.",
    ),
    Duty(
        "A.3.2", "Roles and responsibilities",
        "Roles and responsibilities for AI are defined and allocated.",
        (e.MEMBERS, e.RIGHTS, e.STAND_INS),
        "Roles outside of this service.",
    ),
    Duty(
        "A.6.2.6", "Operation and monitoring of the AI system",
        "What is needed to operate and monitor the system is defined and done.",
        (e.SUBMITTED, e.EXECUTED, e.FAILED, e.OVERDUE, e.STOPPED, e.KILLED, e.USED_UP),
        "Monitoring of the model's performance.",
    ),
    Duty(
        "A.6.2.8", "Recording of event logs",
        "It is decided when logs are kept; at the least while the system is in use.",
        (e.SUBMITTED, e.KEYS, e.RETENTION),
        "Logs of the system before it asks for an action.",
    ),
    Duty(
        "A.8.4", "Communication of incidents",
        "There is a plan for telling users of incidents.",
        (e.NOTIFIED, e.UNDELIVERED, e.FINDINGS),
        "The plan, and what was told outside of this service.",
    ),
    Duty(
        "A.9.2 to A.9.4", "Responsible and intended use",
        "Processes and objectives for responsible use are there, and use is as intended.",
        (e.BY_PEOPLE, e.BLOCKED, e.CATEGORIES, e.AGENTS, e.GUARDED, e.LESS_AUTONOMY),
        "The objectives themselves.",
    ),
    Duty(
        "A.10.2", "Allocating responsibilities to others",
        "Responsibilities are allocated among partners, suppliers, customers and third parties.",
        (e.AGENTS, e.CREDENTIALS, e.CUT),
        "Contracts.",
    ),
)  # fmt: skip
_NIST: Final = (
    Duty(
        "GOVERN 2.1", "Roles and lines of communication",
        "Roles, responsibilities and lines of communication are documented and clear.",
        (e.MEMBERS, e.RIGHTS, e.STAND_INS),
        "Roles outside of this service.",
    ),
    Duty(
        "GOVERN 3.2", "Human-AI configurations and oversight",
        "Policies define roles for the oversight of AI systems by people.",
        (e.PUBLISHED, e.BY_PEOPLE, e.BY_RULE, e.LESS_AUTONOMY),
        "Oversight that does not pass through a request.",
    ),
    Duty(
        "MAP 3.5", "Processes for human oversight",
        "Processes for oversight are defined, assessed and documented.",
        (e.CONFIRMED, e.REPLAYED, e.DRILLS, e.KILL_DRILLED),
        "The assessment itself.",
    ),
    Duty(
        "MEASURE 2.4", "Monitoring in production",
        "Functionality and behaviour are monitored when in production.",
        (e.SUBMITTED, e.FAILED, e.OVERDUE, e.FINDINGS, e.LESS_TRUST),
        "The behaviour of the model between its actions.",
    ),
    Duty(
        "MEASURE 2.8", "Transparency and accountability",
        "Risks to transparency and accountability are examined and documented.",
        (e.VOTES, e.COMMENTS, e.REVEALED, e.EXPORTED),
        "Explanations that were given outside of this service.",
    ),
    Duty(
        "MEASURE 3.1", "Tracking risks over time",
        "Existing, unanticipated and emergent risks are tracked.",
        (e.FINDINGS, e.BLOCKED, e.FAST, e.EXPIRED, *e.HELD),
        "The register of risks.",
    ),
    Duty(
        "MANAGE 2.4", "Superseding, disengaging, deactivating",
        "Systems whose outcomes are not as intended can be superseded or switched off.",
        (*e.NARROWED, *e.HELD, e.KILL_DRILLED, e.CANCELLED, e.WITHDRAWN, e.DENIED),
        "Stops made past this service.",
    ),
    Duty(
        "MANAGE 4.1", "Monitoring after deployment",
        "Plans include capture of input from users, appeal and override, and change management.",
        (e.COMMENTS, e.RETURNED, e.CHANGED, e.PUBLISHED),
        "Appeals that were made elsewhere.",
    ),
    Duty(
        "MANAGE 4.3", "Communicating incidents and errors",
        "Incidents and errors are told to those concerned, followed up and documented.",
        (e.FAILED, e.NOTIFIED, e.ESCALATED),
        "What was told outside of this service.",
    ),
)  # fmt: skip

STANDARDS: Final[tuple[Kind, ...]] = (
    framework_kind(
        slug="soc-2",
        title="SOC 2: system operations and change management",
        purpose="Criteria CC7 and CC8 beside the recorded events that bear on them.",
        source="AICPA Trust Services Criteria (2017, points of focus revised 2022), CC7 and CC8",
        duties=_SOC2,
    ),
    framework_kind(
        slug="iso-42001",
        title="ISO/IEC 42001: operation and oversight",
        purpose="Clauses 8 to 10 and controls of Annex A beside the events that bear on them.",
        source="ISO/IEC 42001:2023, clauses 8.1, 9.1, 10.2 and Annex A",
        duties=_ISO,
    ),
    framework_kind(
        slug="nist-ai-rmf",
        title="NIST AI RMF: oversight and monitoring",
        purpose="Subcategories of the core beside the recorded events that bear on them.",
        source="NIST AI 100-1, AI Risk Management Framework 1.0",
        duties=_NIST,
    ),
)
