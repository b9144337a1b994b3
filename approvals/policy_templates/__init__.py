"""Starting points for a policy: blanks to fill in, rules that name the articles they serve.

Not legal advice. Each template yields an ordinary draft, which is read, simulated, reviewed and
published like any other.
"""

from typing import Final

from approvals.policy_templates.blanks import AnswersInvalid, Blank
from approvals.policy_templates.customers import CUSTOMERS
from approvals.policy_templates.developer import DEVELOPER
from approvals.policy_templates.eu_ai_act import EU_AI_ACT
from approvals.policy_templates.hipaa import HIPAA
from approvals.policy_templates.merging import merge_document
from approvals.policy_templates.payments import PAYMENTS
from approvals.policy_templates.soc2 import SOC2
from approvals.policy_templates.template import (
    Article,
    CategorySetup,
    PolicyTemplate,
    comment_rules,
    fill_in,
    write_source,
)

TEMPLATES: Final = {
    template.key: template for template in (EU_AI_ACT, HIPAA, SOC2, PAYMENTS, DEVELOPER, CUSTOMERS)
}

__all__ = [
    "TEMPLATES",
    "AnswersInvalid",
    "Article",
    "Blank",
    "CategorySetup",
    "PolicyTemplate",
    "comment_rules",
    "fill_in",
    "merge_document",
    "write_source",
]
