"""The types of events about what holds agents: as `audit.schema.tables` writes them."""

from typing import Final

_KILL: Final = """
kill_switch.thrown | Somebody stopped an agent, a system, a category or everything | reason pending
    stopped:object took_ms:number is_complete:flag
kill_switch.resumed | A second person let go on what was stopped | reason thrown_by:object thrown_at
kill_switch.drilled | What a kill switch would have stopped was tried | reason pending
    stopped:object took_ms:number
kill_switch.settled | A kill switch has cancelled everything that waited | cancelled:number
"""
_INTEGRATIONS: Final = """
integration.registered | An external system was registered | kind address scopes:list
    labels_cleared:list owner:object expires_at? token_url~
integration.changed | An integration was changed | changes:object
integration.check_asked | Somebody asked for a check of it | address
integration.checked | It was checked | address scopes:list passed:flag result
integration.activated | It may be used from now on |
integration.suspended | Nothing is done on it for now | reason
integration.resumed | It may be used again |
integration.revoked | It ended for good | reason
integration.granted | An agent may use it | grant agent agent_name categories:list scopes:list
    expires_at?
integration.grant_withdrawn | An agent may use it no more | grant agent agent_name categories:list
    scopes:list expires_at?
integration.secret_set | Its secret is in the vault | secret_version:number mark
integration.secret_rotated | It has another secret | secret_version:number mark former_mark
    former_until?
integration.secret_revoked | Its secret is in the vault no more | secret_version:number mark
integration.secret_injected | Its secret was given out with a permission | secret_version:number
    mark agent agent_name given_to given_to_name jti expires_at
integration.token_minted | A short-lived token for it was given out with a permission |
    secret_version:number mark agent agent_name given_to given_to_name jti expires_at scopes:list
    token_url
integration.key_opened | Its key was opened for calls, first in an hour | agent agent_name
    secret_version:number mark
integration.use_unusual | It is used unlike before | agent agent_name kind hour
"""
_VAULT: Final = """
vault.key_rotated | Secrets are sealed under a new key, and those that there are will be |
    former:number secrets:number reason
vault.key_destroyed | Nothing was under a key that was replaced any more, and it is gone |
vault.key_rewrapped | The operator sealed the key under a new one of the installation |
"""
_MONEY: Final = """
budget.changed | A budget was set, tightened or loosened, or somebody wants it looser | what scope
    ref measure period cost_class before:object? after:object reason? asked_by? single_person:flag
budget.warned | So much of a budget is used that it warns | agent agent_name measure period limit
    reserved settled wanted? on_exceed window
budget.exceeded | More was wanted or spent than a budget has | agent agent_name measure period limit
    reserved settled wanted? on_exceed window
spend.booked | Something was spent that no report of an action says | agent agent_name holder?
    source spent:object category? integration? run? is_as_reserved:flag note?
spend.refused | An agent wanted to book on what it was neither granted nor let do | agent
    agent_name category? integration? run? why
reservation.reaped | What nothing was heard of was given back to the budgets | agent agent_name
    holder wanted:object
costs.exported | The costs of a period were taken out | from until rows:number
"""
_RUNS: Final = """
run.started | An agent began a task | key title traceparent agent:object
run.step_recorded | The agent said what it did in a task | step key number:number kind result title
    inputs:list source labels:list carried:list input_digest output_digest integration model cost?
    tokens_in:number? tokens_out:number? request?
run.closed | A task is over; so many steps, requests and events it had | outcome note steps:number
    requests:number events:number labels:list
"""
_LEASH: Final = """
agent.autonomy_set | What agents may do of their own accord was set | agent? agent_name? pattern
    level? former? reason asked_by
agent.autonomy_removed | What agents may do of their own accord is set no more | agent?
    agent_name? pattern level? former? reason asked_by
environment.changed | It was set whether an environment is read-only | name is_read_only:flag
    former:flag? reason asked_by
agent.trust_lowered | An agent is trusted less | name from to reason because:list conduct:object
agent.trust_proposed | An agent has earned more trust than it has | name from to reason
    because:list conduct:object
agent.trust_raised | A person trusts an agent more | name from to reason because:list
    conduct:object
trust.standards_set | What each tier of trust asks for was set | before:object after:object reason
    asked_by
loosening.asked | What lets agents do more waits for a second person | kind sentence reason
    asked_by single_person:flag
loosening.confirmed | What lets agents do more was confirmed | kind sentence reason asked_by
    single_person:flag
loosening.withdrawn | What would let agents do more was withdrawn | kind sentence reason asked_by
    single_person:flag
delegation.created | An agent handed part of its rights to another | from:object to:object
    categories:list? integrations:list? budget:object? expires_at depth_left:number purpose
    token_prefix
delegation.revoked | A delegation was cut, with everything under it | from:object to:object reason
    cut:number
delegation.refused | An agent wanted to hand on what it may not | to code why
delegation.used_refused | A delegation does not allow what was wanted | from:object to:object code
    why
delegation.spend_reaped | What nothing was heard of was given back to a delegation's budgets |
    from:object to:object agent agent_name amounts:object
"""

LEASH_GROUPS: Final[dict[str, tuple[str, str]]] = {
    "Autonomy, trust and delegations": ("", _LEASH),
    "Kill switches": ("scope ref name", _KILL),
    "Integrations": ("integration integration_name", _INTEGRATIONS),
    "Vault": ("key_version:number", _VAULT),
    "Runs": ("", _RUNS),
    "Budgets and costs": ("", _MONEY),
}
