"""How long frameworks ask for: those whose templates the tenant works with."""

from collections.abc import Sequence

from approvals.models import PolicyDraft
from approvals.policy_templates import TEMPLATES
from approvals.policy_templates.template import Article
from audit.selectors.retention import Minimum
from tenants.retention import register_minimums


def minimums_in_use() -> Sequence[Minimum]:
    """Return what the templates ask for from which rules were written that nobody put away."""
    drafts = PolicyDraft.objects.filter(discarded_at=None).exclude(template={})
    used = set(drafts.values_list("template__key", flat=True))
    return [
        Minimum(each.retention_days, _why(each.title, each.retention_article))
        for key, each in TEMPLATES.items()
        if key in used and each.retention_days is not None
    ]


def _why(title: str, article: Article | None) -> str:
    return f"{title}, {article.reference}" if article else title


register_minimums(minimums_in_use)
