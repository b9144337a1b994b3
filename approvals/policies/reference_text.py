"""The words of the reference that no table of the parser holds."""

from __future__ import annotations

from typing import Final

TITLE: Final = """
# The policy language

What a policy document may say. This page is generated from the tables that read and decide
policies: `python -m approvals.policies.reference > docs/policy-language.md`.
"""

DOCUMENT: Final = """
## A document

YAML or JSON; the same document goes through the editor, the API and the command line.

```yaml
version: 1
default: require_approval        # or deny; a default never allows
default_flow: standard
flows:
  standard:
    stages:
      - name: Finance
        seats: [{group: finance, count: 2}]
        deadline: 4h
        reminders: [1h]
        escalations: [{after: 2h, add: [{role: compliance}]}]
rules:
  - id: large-transfers
    when:
      category: payments.*
      environment: production
      conditions:
        all:
          - {field: payload.amount, op: gt, value: 10000}
          - not: {field: time.business_hours, op: eq, value: true}
    then: require_approval
    flow: standard
    obligations:
      step_up: true
      delay: 10m
      notify: [{group: internal-audit}]
```

Every rule is looked at, and their order means nothing: `deny` beats `require_approval`, which
beats `allow`. Several rules that require approval must all be satisfied. Where no rule applies,
the default holds.

Conditions are combined with `all`, `any` and `not`. For experts, `conditions` may also be written
as one text, which means exactly the same:
`payload.amount > 10000 and not time.business_hours = true`.
"""

SEATS_TITLE: Final = """
## Seats

A seat asks for `count` approvals (1 unless it says more), each of a different person. Within one
flow a person fills one seat, whatever groups they are in; who sits where is found anew with every
vote, so that the order of votes never matters. Nobody can vote without the right on the category.
Each seat names exactly one of these:
"""

SEATS: Final = (
    ("{group: finance}", "Somebody from this group."),
    ("{role: approver}", "Somebody with this role."),
    ("{person: ann@example.com}", "This person."),
    (
        "{manager: agent_owner}",
        (
            "The manager of the agent's owner, as both are when somebody votes. The manager is "
            "chosen on the owner's page."
        ),
    ),
    ("{anyone: approver}", "Anybody who has the right to approve the category."),
    (
        "{groups: [finance, legal, risk], count: 2}",
        "People from as many different ones of these groups; two from one group count once.",
    ),
    (
        "{group: finance, but: [{group: interns}, {person: bob@example.com}]}",
        (
            "Anyone but these: whoever is meant by an entry of `but` does not fit the seat, not "
            "even when added by an escalation. Entries name a group, a role, a person or a manager."
        ),
    ),
)

KEYS: Final = (
    ("id", "The rule's name, in lower-case letters, digits, hyphens and underscores."),
    (
        "when.category",
        (
            "A category such as `payments.transfer`, a pattern such as `payments.*`, `*` for any "
            "action, or a list of these."
        ),
    ),
    ("when.environment", "One environment or a list; left out, it is any."),
    ("when.agent.labels", "The agent bears at least one of these labels."),
    ("when.agent.tiers", "The agent is of one of these trust tiers."),
    ("when.conditions", "A comparison, or `all`, `any` and `not` around others."),
    ("then", "The outcome, see below."),
    ("flow", "Who must approve; only and always with `require_approval`."),
    (
        "separation_of_duties",
        (
            "Whether the agent's owner and the person it acts for are kept from voting; true "
            "unless it says false."
        ),
    ),
    ("note", "A remark for those who read the policy; it has no effect."),
    ("obligations", "What is asked for besides, see below."),
)

STAGE_KEYS: Final = (
    ("name", "What the stage is called; no two stages of a flow share a name."),
    ("seats", "How many approvals it takes, and from whom."),
    (
        "deadline",
        (
            "How long it is open, from the moment it opens. It is computed once, then; nobody "
            "answering until then means that the request expires."
        ),
    ),
    (
        "counting",
        (
            "`all_hours`, unless it says `business_hours`: then the times of this stage count only "
            "while the office is open, as the settings say, without public holidays. What counts "
            "is the clock on the wall: an hour that occurs twice counts once, one that does not "
            "exist is passed over. Times are written in hours and minutes then, because a day has "
            "no fixed length. While no business hours are set, all hours count."
        ),
    ),
    (
        "reminders",
        (
            "Times after which whoever has not answered is reminded, such as `[1h, 2h]`, or "
            "`{every: 1h, times: 3}`, which means the same as `[1h, 2h, 3h]`."
        ),
    ),
    (
        "escalations",
        "More people, each `after` a time. Nobody is removed, and the quorum stays what it is.",
    ),
    ("escalations.add", "The people who join; each may fill any seat of the stage."),
    (
        "escalations.repeat",
        (
            "`{every: 30m, times: 3}`: asks again so often, and so many times. The last comes "
            "before the next escalation and before the deadline."
        ),
    ),
    (
        "escalations.hand_over",
        (
            "true: from then on reminders and repetitions go to those who joined. The others keep "
            "their seats and may approve."
        ),
    ),
)

OUTCOMES: Final = (
    ("allow", "The action is allowed and nobody is asked, unless another rule is stricter."),
    ("require_approval", "The people of the flow must approve before the action is allowed."),
    ("deny", "The action is denied, whatever other rules say."),
)

OBLIGATIONS: Final = (
    (
        "step_up",
        (
            "true: everybody who votes confirms it with a fresh second factor. Only with "
            "`require_approval`."
        ),
    ),
    (
        "login",
        (
            "true: everybody who votes has to log in; a link in an e-mail or a button in a chat "
            "is not enough, however low the risk. Only with `require_approval`."
        ),
    ),
    (
        "delay",
        (
            "A time such as 10m, 2h or 1d: the agent gets its permission only that much later. "
            "With `allow` and `require_approval`; of the delays of several rules the longest holds."
        ),
    ),
    ("attach_note", "A text that is shown with the request and kept with it. With any outcome."),
    (
        "notify",
        (
            "A list of people who are told when the rule applies, each written as in a seat: "
            "`{group: finance}`, `{role: compliance}`, `{person: ann@example.com}`, "
            "`{manager: agent_owner}` or `{anyone: approver}`. With any outcome."
        ),
    ),
)

MISSING: Final = """
## What cannot be known

A comparison with a field that is missing, of another type, or too large to be searched has no
answer. A `deny` or `require_approval` rule that has no answer counts as matched, an `allow` rule
as not matched, and the request says so. Only `exists` and `absent` (`is missing` in the text
form) always have an answer. In `all`, one part that is false settles the matter in spite of
others without an answer; in `any`, one part that is true does.

Numbers in a payload may be JSON numbers or plain decimal text such as "48200.00". Dates are
written as 2026-12-31, times as 2026-12-31T18:00:00+01:00; a time without a zone is local time of
your organisation, and a time compared with a date counts as its local day.
"""
