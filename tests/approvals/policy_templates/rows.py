"""Example requests for each template with what has to come of them, as a literal table.

A row: template, category, payload, what else is known, what was filled in, outcome, and the rules
that gave it.
"""

from decimal import Decimal
from typing import Any, Final

PAY: Final[dict[str, Any]] = {"amount": "60.00", "currency": "EUR", "to": "DE89370400440532013000"}
DECISION: Final[dict[str, Any]] = {
    "subject": "Ines Caldeira", "effect": "neutral", "decision": "Ask for one more payslip",
}  # fmt: skip
PHI: Final[dict[str, Any]] = {"patient": "p-118", "purpose": "treatment", "records": 1}
DEPLOY: Final[dict[str, Any]] = {"service": "shop", "version": "4.2", "tests_passed": True}
RELEASE: Final[dict[str, Any]] = {"service": "shop", "version": "4.2"}
INFRA: Final[dict[str, Any]] = {"resource": "db-1", "action": "Resize"}
MERGE: Final[dict[str, Any]] = {"repository": "shop", "pull_request": "118"}
MESSAGE: Final[dict[str, Any]] = {
    "to": "ines@customers.example", "topic": "order", "body": "It is on its way.", "recipients": 1,
}  # fmt: skip
CAMPAIGN: Final[dict[str, Any]] = {"audience": "everybody", "body": "Sale", "recipients": 9}
REFUND: Final[dict[str, Any]] = {"customer": "c-7", "amount": "20.00", "currency": "EUR"}
STAGING: Final = {"environment": "staging"}
ARCHIVE: Final = {"environment": "archive"}
NEW: Final = {"agent_tier": "new"}
SURE: Final = {"confidence": Decimal("0.97")}

Row = tuple[str, str, dict[str, Any], dict[str, Any], dict[str, str], str, str]
A, R, D = "allow", "require_approval", "deny"

ROWS: Final[list[Row]] = [
    # Payments
    ("payments", "payments.transfer", PAY, {}, {}, A, "small-payments"),
    ("payments", "payments.transfer", PAY | {"amount": "100"}, {}, {}, A, "small-payments"),
    ("payments", "payments.transfer", PAY | {"amount": "100.01"}, {}, {}, R, "middle-payments"),
    ("payments", "payments.transfer", PAY | {"amount": "10000"}, {}, {}, R,
     "large-payments middle-payments"),
    ("payments", "payments.transfer", PAY | {"currency": "JPY"}, {}, {}, R, "other-currencies"),
    ("payments", "payments.transfer", PAY | {"currency": "CHF"}, {}, {"currency": "CHF"}, A,
     "small-payments"),
    ("payments", "payments.transfer", PAY, {"first_for_target": True}, {}, R, "first-payment"),
    ("payments", "payments.transfer", PAY, {"first_for_target": None}, {}, R, "first-payment"),
    ("payments", "payments.transfer", PAY, {"amount_ratio": Decimal("4.1")}, {}, R,
     "unusual-amount"),
    ("payments", "payments.transfer", PAY, {"requests_last_day": 50}, {}, R, "many-payments"),
    ("payments", "payments.transfer", PAY, {"business_hours": False}, {}, A, "small-payments"),
    ("payments", "payments.transfer", PAY, {"business_hours": False},
     {"closed_outside_hours": "yes"}, R, "out-of-hours"),
    ("payments", "payments.transfer", PAY, {"business_hours": None},
     {"closed_outside_hours": "yes"}, R, "out-of-hours"),
    # EU AI Act
    ("eu-ai-act", "identification.biometric", {"subject": "Ines", "action": "Open"}, {}, {}, R,
     "biometric-two-persons"),
    ("eu-ai-act", "decisions.individual", DECISION | {"effect": "adverse"}, {}, {}, R,
     "adverse-decisions every-decision unsure-decisions"),
    ("eu-ai-act", "decisions.individual", DECISION | {"effect": "favourable"}, SURE, {}, R,
     "every-decision"),
    ("eu-ai-act", "decisions.individual", DECISION | {"effect": "favourable"}, SURE,
     {"favourable_alone": "yes"}, A, "favourable-decisions"),
    ("eu-ai-act", "decisions.individual", DECISION | {"effect": "favourable"}, {},
     {"favourable_alone": "yes"}, R, "unsure-decisions"),
    ("eu-ai-act", "decisions.individual", DECISION | {"effect": "favourable"},
     {"confidence": None}, {"favourable_alone": "yes"}, R, "unsure-decisions"),
    ("eu-ai-act", "decisions.individual", DECISION, SURE, {"favourable_alone": "yes"}, R,
     "other-decisions"),
    ("eu-ai-act", "decisions.individual", DECISION | {"effect": "favourable"},
     SURE | {"requests_last_hour": 100}, {"favourable_alone": "yes"}, R, "decisions-in-bulk"),
    # HIPAA
    ("hipaa", "phi.read", PHI, {}, {}, A, "one-record-for-treatment"),
    ("hipaa", "phi.read", PHI, {}, {"treatment_alone": "no"}, R, "reading"),
    ("hipaa", "phi.read", PHI | {"records": 2}, {}, {}, R, "reading"),
    ("hipaa", "phi.read", PHI | {"records": 11}, {}, {}, R, "many-records reading"),
    ("hipaa", "phi.read", PHI | {"purpose": "research"}, {}, {}, R, "other-purposes reading"),
    ("hipaa", "phi.read", PHI, {"requests_last_hour": 60}, {}, R, "reading-in-bulk"),
    ("hipaa", "phi.disclose", PHI, {}, {}, R, "disclosures"),
    ("hipaa", "phi.change", PHI, {}, {}, R, "changes"),
    ("hipaa", "phi.delete", PHI, {}, {}, D, "deletion"),
    ("hipaa", "phi.delete", PHI, {}, {"stop_deletion": "no"}, R, "deletion"),
    # SOC 2
    ("soc2", "change.deploy", DEPLOY, {}, {}, R, "changes"),
    ("soc2", "change.deploy", DEPLOY | {"tests_passed": False}, {}, {}, D, "untested-changes"),
    ("soc2", "change.deploy", DEPLOY | {"tests_passed": False}, STAGING, {}, A,
     "changes-elsewhere"),
    ("soc2", "change.deploy", DEPLOY, STAGING, {"elsewhere_alone": "no"}, R, "changes-elsewhere"),
    ("soc2", "change.deploy", DEPLOY, STAGING, {"environments": "production, staging"}, R,
     "changes"),
    ("soc2", "change.deploy", DEPLOY, NEW, {}, R, "changes new-agents"),
    ("soc2", "change.deploy", DEPLOY, NEW, {"new_agents": "no"}, R, "changes"),
    ("soc2", "change.deploy", DEPLOY, {"requests_last_hour": 20}, {}, R, "busy-agents changes"),
    ("soc2", "access.grant", {"who": "bob", "system": "db", "right": "read"}, {}, {}, R,
     "access-grants"),
    ("soc2", "access.revoke", {"who": "bob", "system": "db"}, {"requests_last_hour": 500}, {}, A,
     "access-removal"),
    ("soc2", "data.export", {"what": "Invoices", "destination": "auditor"}, {}, {}, R,
     "data-exports"),
    # Developer platform
    ("developer-platform", "repo.read", {"repository": "shop"}, {}, {}, A, "looking"),
    ("developer-platform", "repo.pull_request", {"repository": "shop", "title": "Fix"}, {}, {}, A,
     "pull-requests"),
    ("developer-platform", "repo.merge", MERGE, {}, {}, R, "merges"),
    ("developer-platform", "repo.merge", MERGE, ARCHIVE, {}, D, "read-only-environments"),
    ("developer-platform", "deploy.release", RELEASE, {}, {}, R, "production-two-persons"),
    ("developer-platform", "deploy.release", RELEASE, STAGING, {}, A, "deploys-elsewhere"),
    ("developer-platform", "deploy.release", RELEASE, STAGING,
     {"other_environments_alone": "no"}, R, "deploys-elsewhere"),
    ("developer-platform", "deploy.release", RELEASE,
     STAGING | {"estimated_cost": {"amount": "50.01", "currency": "EUR"}}, {}, R, "expensive"),
    ("developer-platform", "repo.read", {"repository": "shop"},
     {"estimated_cost": {"amount": "900", "currency": "EUR"}}, {}, R, "expensive"),
    ("developer-platform", "deploy.release", RELEASE, STAGING | {"estimated_cost": None}, {}, A,
     "deploys-elsewhere"),
    ("developer-platform", "infra.change", INFRA, STAGING, {}, R, "cost-class-high infrastructure"),
    ("developer-platform", "infra.change", INFRA, ARCHIVE, {}, D, "read-only-environments"),
    ("developer-platform", "infra.change", INFRA, {}, {}, R,
     "cost-class-high infrastructure production-two-persons"),
    # Customers
    ("customers", "messages.send", MESSAGE, {}, {}, A, "routine-answers"),
    ("customers", "messages.send", MESSAGE, {}, {"routine_alone": "no"}, R, "other-messages"),
    ("customers", "messages.send", MESSAGE | {"topic": "complaint"}, {}, {}, R,
     "other-messages sensitive-topics"),
    ("customers", "messages.send", MESSAGE | {"recipients": 11}, {}, {}, R,
     "mass-mailings other-messages"),
    ("customers", "messages.send", MESSAGE, {"first_for_target": True}, {}, R, "first-contact"),
    ("customers", "messages.send", MESSAGE, {"first_for_target": True}, {"first_contact": "no"}, A,
     "routine-answers"),
    ("customers", "messages.campaign", CAMPAIGN, {}, {}, R, "marketing"),
    ("customers", "messages.campaign", CAMPAIGN | {"recipients": 900}, {}, {}, R,
     "marketing mass-mailings"),
    ("customers", "refunds.issue", REFUND, {}, {}, A, "small-refunds"),
    ("customers", "refunds.issue", REFUND | {"amount": "50.01"}, {}, {}, R, "large-refunds"),
    ("customers", "refunds.issue", REFUND | {"currency": "KWD"}, {}, {}, R, "large-refunds"),
    ("customers", "refunds.issue", REFUND, {"requests_last_day": 100}, {}, R, "many-refunds"),
]  # fmt: skip
