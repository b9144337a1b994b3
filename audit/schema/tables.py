"""The types of events as tables: name | what it says | fields of its data.

A field is `name`, `name:kind` (text, number, flag, list, object, any); `?` marks what may be null
and `~` what is not always there. A line that begins with blanks goes on the one before. In front
of each table stand the fields that all its types have.
"""

from typing import Final

from audit.schema.leash_tables import LEASH_GROUPS

_CONFIGURED: Final = """
category.created | A kind of action was defined | name risk is_reversible:flag description
    payload_schema display cost_class:any target_field amount_field editable_fields:list
    needs_integration:flag~ undo:any~ is_reading:flag~
category.changed | A kind of action was redefined | changes:object
category.right_given | A group or a person may approve it from now on | bearer bearer_id bearer_name
category.right_taken | A group or a person may no longer approve it | bearer bearer_id bearer_name
category.break_glass_right_given | A group or a person may approve it alone, in an emergency |
    bearer bearer_id bearer_name
category.break_glass_right_taken | A group or a person may no longer approve it alone | bearer
    bearer_id bearer_name
"""
_REQUESTS: Final = """
action_request.submitted | An agent asked to act | category category_name? risk?
    is_reversible:flag? agent:object unmet:list summary reason sources estimated_cost? supersedes?
    environment integration run obligations:object on_behalf_of confidence? payload payload_digest
    policy:object? rules:list because guardrails:object~ demands:list~ lineage:object~ undoes~
action_request.changed | An approver changed what was asked for | changes:list summary
    former_summary payload payload_digest former_digest version:number policy:object? unmet:list
    outcome obligations:object rules:list because guardrails:object~ demands:list~
action_request.allowed | It was allowed by rule | status version:number reason payload_digest
    category agent:object policy:object? submitted_at?
action_request.blocked | It was blocked by rule | status version:number reason payload_digest
    category agent:object policy:object? submitted_at? refusals:list~
action_request.approved | Everybody who had to approve did | status version:number reason
    payload_digest category agent:object policy:object? submitted_at?
action_request.denied | Somebody denied it | status version:number reason payload_digest category
    agent:object policy:object? submitted_at?
action_request.returned | It was sent back to the agent | status version:number reason
    payload_digest category agent:object policy:object? submitted_at?
action_request.expired | Nobody decided in time | status version:number reason payload_digest
    category agent:object policy:object? submitted_at?
action_request.cancelled | The agent took it back | status version:number reason payload_digest
    category agent:object policy:object? submitted_at?
action_request.undo_asked | Somebody asked that it is taken back | reason undo category agent:object
    payload_digest within_hours:number reported_at
request.revealed | Somebody asked to see what its page masks | kinds:list payload_digest
vote.cast | A person decided on a request | verdict reason rights:list seats:any channel
    payload_digest request_version:number seconds_viewed:number? second_factor:any
    stands_for:object?
vote.refused | A vote did not count | verdict why status version:number is_break_glass:flag~
vote.voided | A vote counts no more | member verdict reason voided_because payload_digest
    request_version:number
vote.withdrawn | A person took their approval back | member verdict reason voided_because
    payload_digest request_version:number
comment.added | Somebody said something about it | comment text mentioned:list
comment.asked | Somebody asked the agent's owner | comment text mentioned:list owner:object
comment.answered | The agent's side answered | comment text mentioned:list question question_text
break_glass.approved | One person approved alone, in an emergency | reason rights:list
    second_factor:any payload_digest request_version:number seconds_viewed:number? channel missing
    category agent:object review review_due_at
break_glass.reviewed | Somebody else said whether it was one | review by:object reason opened_at
    review_due_at payload_digest outcome remark
break_glass.review_overdue | The review is not done | review by:object reason opened_at
    review_due_at payload_digest level:number due_at
timer.review_reminded | Whoever may review was reminded | review by:object reason opened_at
    review_due_at payload_digest level:number due_at
timer.skipped_late | It was due, and something later was due as well | kind~ level:number due_at
    stage~ position:number~ rule~ seats:list~ added_so_far:list~ opened_at?~ deadline_at?~ review~
    by:object~ reason~ review_due_at~ payload_digest~
execution.overdue | Nobody reported what came of it | kind level:number due_at payload_digest
"""
_STAGES: Final = """
stage.opened | People are asked from now on | sentence
stage.satisfied | Every seat is filled | seated:list
stage.fallback_added | The fallback group was asked | group
timer.reminded | Whoever has not answered was reminded | kind level:number due_at missing
timer.escalated | More people were added | kind level:number due_at added:list missing
timer.repeated | Whoever an escalation asked was asked again | kind level:number due_at
    repetition:number times:number missing
"""
_GRANTS: Final = """
grant.issued | A signed permission was handed out | jti kid expires_at replaces?
grant.redeemed | The permission was used | jti kid expires_at redeemed_by name_is_verified:flag
grant.redeem_refused | A permission that is not good was refused | jti kid expires_at redeemed_by
    name_is_verified:flag why
grant.revoked | A person withdrew the permission | jti~ kid~ expires_at~ reason
execution.reported | The agent said how it went | outcome before note cost?
execution.undone | Another action has taken it back | undone_by before
"""
_MESSAGES: Final = """
notification.sent | A person's server took a message over | kind channel dedup_key attempts:number
notification.failed | A message was given up | kind channel dedup_key attempts:number why
notification.dropped | A message was needed no more | kind channel dedup_key attempts:number why
notification.rerouted | A message goes another way | kind channel instead_of dedup_key
review_link.made | A person got a link to one request | link payload_digest expires_at
callback.delivered | An endpoint took a callback over | event_type attempts:number
    response_status:number?
callback.failed | A callback was given up | event_type attempts:number response_status:number? why
callback.dropped | A callback was needed no more | event_type attempts:number
    response_status:number? why
callback.replayed | A callback is sent once more | event_type former_status
contact_preference.changed | A person said how they want to be told | before:object after:object
contact_preference.outcomes_stopped | Messages about outcomes were stopped |
message_template.changed | The company's words were changed | kind before:object after:object
chat_connection.created | A way into chat was made | channel name is_enabled:flag
chat_connection.changed | A way into chat was changed | channel name is_enabled:flag
chat_connection.enabled | A way into chat was opened | channel name is_enabled:flag
chat_connection.disabled | A way into chat was closed | channel name is_enabled:flag
chat_connection.removed | A way into chat was removed | channel name is_enabled:flag
chat_connection.verified | A token opens a workspace | channel name team team_name
chat_account.found | An address of chat belongs to a member's e-mail | channel address
chat_account.entered | An owner said who somebody is in chat | channel address
chat_account.confirmed | A member is who an address says | channel address how
chat_account.removed | An address is the member's no more | channel address
push.subscribed | A member is told in a browser | device service
push.unsubscribed | A browser is told nothing any more | device service why
callback_endpoint.created | A callback endpoint was made | url description is_enabled:flag
callback_endpoint.changed | A callback endpoint was changed | url description is_enabled:flag
callback_endpoint.secret_rotated | An endpoint has a new secret | url description is_enabled:flag
callback_endpoint.disabled | An endpoint takes no callbacks | url description is_enabled:flag
"""
_POLICIES: Final = """
policy_draft.created | Somebody began to write rules | revision:number title source_sha256
    based_on:number? rolls_back_to:number? renews:number?
policy_draft.saved | A draft has another text | revision:number title source_sha256
    based_on:number? rolls_back_to:number? renews:number?
policy_draft.discarded | A draft was discarded | revision:number title source_sha256
    based_on:number? rolls_back_to:number? renews:number?
policy_template.applied | A template was filled in | template answers:object into_live:flag
    categories:list differences:list also:list
guardrails.saved | A draft of the guardrails has other rules | number:number revision:number
    based_on:number document document_sha256 remark attestation written_by single_person:flag
    changes:list
guardrails.discarded | A draft of the guardrails was discarded | number:number revision:number
    based_on:number document document_sha256 remark attestation written_by single_person:flag
    changes:list
guardrails.published | A version of the guardrails came into force | number:number revision:number
    based_on:number document document_sha256 remark attestation written_by single_person:flag
    changes:list
model.called | An agent called a model through the gateway | kind model integration run
    agent:object streams:flag code reason findings:list request_digest status asked_tokens:number
    answered_tokens:number is_estimated:flag cost currency masked:number answer_digest
model.refused | A call of a model was refused | kind model integration run agent:object
    streams:flag code reason findings:list request_digest
model_price.set | Somebody said what a model costs | pattern currency asked answered most_output
    former:object?
model_price.removed | A price was taken away | pattern currency asked answered most_output
policy.proposed | A version was submitted for review | number:number digest remark draft?
    based_on:number? rolls_back_to:number? effect effect_reasons:list sentences:list
policy.reviewed | Somebody confirmed a version | number:number digest proposed_by proposed_by_name
    verdict attestation remark still_needed:number
policy.rejected | Somebody refused a version | number:number digest proposed_by proposed_by_name
    verdict attestation remark still_needed:number
policy.scheduled | A version will decide from a time on | number:number digest proposed_by
    proposed_by_name single_person:flag attestation effect confirmed_by:list
    confirmed_by_names:list starts_at? sentences:list
policy.published | A version became the one that decides | number:number digest proposed_by
    proposed_by_name single_person:flag attestation effect confirmed_by:list
    confirmed_by_names:list starts_at? replaces:number? sentences:list
policy.withdrawn | A version will not be live | number:number digest proposed_by proposed_by_name
    was remark
policy.shadow_started | A version is evaluated beside the live one | number:number digest
    proposed_by proposed_by_name
policy.shadow_stopped | A version is evaluated no more | number:number digest proposed_by
    proposed_by_name evaluated:number differed:number
policy.replayed | Rules were replayed at the command line | digest period requests:number
    changes:object
policy_simulation.started | A replay was asked for | digest since? until draft? version?
    compared_with?
policy_simulation.finished | A replay came to its end | digest effect requests:number
    before:object after:object changes:object impossible:any
policy_simulation.failed | A replay could not be brought to its end | digest replayed:number
policy_simulation.cancelled | Somebody stopped a replay | digest replayed:number
policy_simulation.attached | A replay was put beside a version | digest version number:number
policy_simulation.downloaded | Somebody took the result as a file | digest form sha256
"""
_PEOPLE: Final = """
tenant.created | The account was made | slug time_zone owner
tenant.settings_changed | Settings were changed | changes:object
tenant.suspended | The account was closed by the operator | reason operator
tenant.resumed | The account was opened by the operator | reason operator
tenant.contest_text_set | It is said otherwise how a decision can be contested | text before
tenant.retention_set | Records are kept for another time | days:number? before:number?
tenant.retention_daily_switched | What is over age goes by itself, or no more | is_on:flag
    days:number?
tenant.retention_locked | The time of keeping becomes only longer | days:number
member.invited | Somebody was invited | email roles:list expires_at
member.joined | A person became a member | email roles:list invitation?
member.roles_changed | A member has other roles | from:list to:list breaks:list~
member.manager_set | A member reports to somebody else | from? to?
member.suspended | A member is kept out | email reason breaks:list~
member.resumed | A member is let in again | email
member.password_changed | A new password was set | email
member.second_factor_added | A second factor was added | email
member.second_factor_removed | A second factor was removed | email
member.recovery_codes_renewed | New recovery codes were made | email
member_token.issued | A member has a key for the API | label prefix member member_name expires_at
member_token.revoked | A member's key is refused from now on | label prefix member member_name
    expires_at
invitation.resent | An invitation was sent again | email expires_at
invitation.revoked | An invitation was withdrawn | email
group.created | A group was made | slug name description
group.member_added | A member came into a group | slug member name
group.member_removed | A member left a group | slug member name breaks:list~
absence.entered | A member will be away | absence member:object stand_in:object? starts_at ends_at
    note source
absence.changed | An absence was changed | absence member:object stand_in:object? starts_at
    ends_at note source former:object
absence.cancelled | An absence was cancelled | absence member:object stand_in:object? starts_at
    ends_at note source
absence.calendar_imported | A calendar was read | entered:list left_out:number
session.logged_in | A person logged in | email methods:list
session.logged_out | A person logged out | email other_sessions:number~
session.login_failed | A login failed | email step
"""
_AGENTS: Final = """
agent.registered | An agent was registered | name description owner owner_name trust_tier
    labels:list needs_proof:flag~
agent.changed | An agent was changed | changes:object
agent.paused | An agent was stopped | name reason
agent.resumed | An agent may act again | name
agent.retired | An agent was retired for good | name reason
credential.issued | An agent got a key | key prefix label agent agent_name expires_at
    scopes:list~ categories:list~ networks:list~ needs_proof:flag~
credential.rotated | A key was replaced | key prefix label agent agent_name expires_at
    scopes:list~ categories:list~ networks:list~ needs_proof:flag~
    successor:object
credential.revoked | A key is refused from now on | key prefix label agent agent_name expires_at
    scopes:list~ categories:list~ networks:list~ needs_proof:flag~
credential.use_refused | A key that is right was refused | key agent agent_name code scope?
    network? unrecorded:number
credential.leak_reported | A key got into other hands | key prefix label agent agent_name since
    counts:object tokens_ended:number agent_paused:flag
access_token.issued | An agent got a token for minutes | key agent agent_name token_prefix
    token_scopes:list thumbprint? token_expires_at delegation~
grant_key.made | The key that signs permissions was made | kid public_key_sha256
"""
_WATCH: Final = """
drill.started | A drill was sent to people | request category asked:list plan?
canary.started | A canary was sent to people | request category asked:list plan?
canary_plan.made | A canary was planned | category summary every_days:number? next_at?
canary_plan.switched_on | A planned canary was switched on | category summary every_days:number?
    next_at?
canary_plan.switched_off | A planned canary was switched off | category summary every_days:number?
    next_at?
finding.opened | Something exists that must not | kind found_at
finding.cleared | What was found is gone | kind found_at
"""
_RECORD: Final = """
ledger.key_created | The record begins with its key | origin verifier
ledger.key_rotated | Another key signs the record from now on | origin verifier former_verifier
    reason
ledger.key_retired | A former key signed for the last time | origin verifier until_size:number
ledger.day_closed | A day is over; so many events it had | date time_zone starts_at ends_at
    count:number first_index:number? last_index:number?
ledger.entries_read | A program reads entries of the record | from_index:number count:number
ledger.events_read | A program reads events as the pages show them | query:object time_zone
    count:number
ledger.pruning_asked | Somebody asks that older events are pruned | before reason events:number
    confirms:flag
ledger.pruning_confirmed | A second person lets a pruning begin | before reason asked_by
ledger.pruning_withdrawn | A pruning will not be done | before reason asked_by
ledger.pruned | Events were pruned; their hashes stay | before reason asked_by confirmed_by
    count:number ranges:list ids_sha256
ledger.pruning_done | A pruning came to its end | before events:number others:object
hold.placed | What must neither be pruned nor erased is held | kind ref? from? until? matter reason
hold.released | A hold was released by another person | kind ref? from? until? matter reason
    placed_by
export.requested | Events were asked for as a file | format query:object time_zone redacted:list~
    report~
export.made | The file was written | format query:object time_zone count:number bytes:number
    sha256 ledger_size:number
export.taken | The file was taken out | format query:object time_zone redacted:list~ report~
    count:number sha256
export.cancelled | An export was cancelled | format query:object time_zone redacted:list~ report~
export.failed | An export could not be written | format query:object time_zone redacted:list~
    report~ reason
evidence_pack.made | An evidence pack was made | format query:object time_zone redacted:list
    report~ counts:object count:number~ ledger_size:number bytes:number sha256 manifest_sha256
proof.downloaded | A proof was taken out | event leaf_hash
subject.erased | A subject was erased | refs:list what keys:number files:number
    files_left:number~ holds:list~ reason
subject.erased_again | What its erasure had to leave, or what was written meanwhile, was erased |
    refs:list keys:number rows:number files:number files_left:number~ holds:list~ released~
report_schedule.created | A report is made regularly | kind every zone recipients:list
report_schedule.delivery_changed | Somebody gets a link to each report, or no more | kind every zone
    recipients:list
report_schedule.removed | A report is made regularly no more | kind every zone recipients:list
"""
_STREAMS: Final = """
audit_stream.created | The record is sent on from now on | query:object time_zone
    from_index:number
audit_stream.changed | A stream was changed | changes:object
audit_stream.secret_rotated | A stream signs with a new secret | former_until
audit_stream.paused | A stream was paused | next_index:number
audit_stream.resumed | A stream goes on | was next_index:number
audit_stream.replayed | A stream was set to another place | from_index:number former_index:number
audit_stream.removed | A stream was removed | next_index:number delivered:number
audit_stream.test_asked | A test was asked for |
audit_stream.tested | A test was sent | is_accepted:flag reason
audit_stream.failing | What is sent is not accepted | reason failing_since next_index:number
audit_stream.recovered | What is sent is accepted again | failing_since next_index:number
audit_stream.stopped | A stream was given up | reason failing_since next_index:number
audit_stream.passed_over | Events were pruned before they could be sent | from_index:number
    until_index:number count:number
"""
_REPORTS: Final = """
report.requested | A report was asked for |
report.cancelled | A report was cancelled |
report.finished | A report was made | sha256 bytes:number content_sha256 content_bytes:number
    signature signed_by ledger_size:number
report.attested | An officer stands for a report | sha256 statement
report.failed | A report could not be made | reason
report.downloaded | A report was taken out | sha256
"""
_STAGE: Final = "stage position:number rule seats:list added_so_far:list opened_at? deadline_at?"
_GRANT: Final = "category agent agent_name payload_digest policy_version:number?"

GROUPS: Final[dict[str, tuple[str, str]]] = {
    "Requests and votes": ("", _REQUESTS),
    "Stages and timers": (_STAGE, _STAGES),
    "Permissions and execution": (_GRANT, _GRANTS),
    "Messages": ("", _MESSAGES),
    "Categories": ("key", _CONFIGURED),
    "Policies": ("", _POLICIES),
    "People": ("", _PEOPLE),
    "Agents and keys": ("", _AGENTS),
    **LEASH_GROUPS,
    "Exercises and the watch": ("", _WATCH),
    "The record itself": ("", _RECORD),
    "Streams": ("name kind host format discloses:flag", _STREAMS),
    "Reports": ("kind request~ period_start~ period_end~", _REPORTS),
}
