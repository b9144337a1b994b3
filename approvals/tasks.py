"""Celery's way in: ids in, one call out."""

from datetime import datetime
from uuid import UUID

from celery import shared_task

from approvals.services import (
    chat_checks,
    delegated_spend,
    delivery,
    gateway_closing,
    heartbeat,
    idempotency,
    kill,
    runs,
    sending,
    simulation_runs,
    trust,
)
from approvals.sweeps import sweep_all


@shared_task(name="approvals.sweep")
def sweep() -> None:
    """Do what is due, should the sweeper not be running: beat's backup."""
    sweep_all()


@shared_task(name="approvals.watch")
def watch() -> None:
    """Look for what must not exist, and tell outside that it was done."""
    heartbeat.look_and_tell()


@shared_task(name="approvals.send_notification")
def send_notification(tenant_id: str, notification_id: str) -> None:
    """Send one message, if it is due."""
    sending.send_notification(tenant_id=UUID(tenant_id), notification_id=UUID(notification_id))


@shared_task(name="approvals.send_notifications")
def send_notifications(tenant_id: str, notification_ids: str) -> None:
    """Send several messages, those that are due."""
    idents = [UUID(ident) for ident in notification_ids.split(",")]
    sending.send_notifications(tenant_id=UUID(tenant_id), notification_ids=idents)


@shared_task(name="approvals.send_notifications_of")
def send_notifications_of(tenant_id: str, at: str) -> None:
    """Send the messages that were written to be sent at one instant, many at once."""
    sending.send_notifications_of(tenant_id=UUID(tenant_id), at=datetime.fromisoformat(at))


@shared_task(name="approvals.deliver_callback")
def deliver_callback(tenant_id: str, delivery_id: str) -> None:
    """Deliver one callback, if it is due."""
    delivery.deliver_callback(tenant_id=UUID(tenant_id), delivery_id=UUID(delivery_id))


@shared_task(name="approvals.close_lost_model_calls")
def close_lost_model_calls() -> None:
    """Book calls of models that nobody ended."""
    gateway_closing.close_lost_calls()


@shared_task(name="approvals.forget_idempotency_keys")
def forget_idempotency_keys() -> None:
    """Delete the keys that are older than they are promised to be kept."""
    idempotency.forget_old_keys()


@shared_task(name="approvals.close_left_open_runs")
def close_left_open_runs() -> None:
    """Close the runs in which nothing happened for a day."""
    runs.close_left_open()


@shared_task(name="approvals.run_simulation", time_limit=270)
def run_simulation(tenant_id: str, simulation_id: str) -> None:
    """Run one replay that was asked for."""
    simulation_runs.run_simulation(tenant_id=UUID(tenant_id), simulation_id=UUID(simulation_id))


@shared_task(name="approvals.take_over_simulations")
def take_over_simulations() -> None:
    """Queue again whatever replay lost its hint or whoever ran it."""
    simulation_runs.take_over_simulations()


@shared_task(name="approvals.assess_agent")
def assess_agent(tenant_id: str, agent_id: str) -> None:
    """Look at what one agent did: something was denied, or failed."""
    trust.assess_agent(tenant_id=UUID(tenant_id), agent_id=UUID(agent_id))


@shared_task(name="approvals.assess_agents")
def assess_agents() -> None:
    """Look at what every agent did that nobody has looked at for a day."""
    trust.assess_due()


@shared_task(name="approvals.check_chat_connection")
def check_chat_connection(tenant_id: str, connection_id: str) -> None:
    """Ask Slack which workspace a token opens."""
    chat_checks.check_connection(tenant_id=UUID(tenant_id), connection_id=UUID(connection_id))


@shared_task(name="approvals.find_chat_accounts")
def find_chat_accounts(tenant_id: str) -> None:
    """Look members up in Slack, and ask those found whether it is them."""
    chat_checks.find_accounts(tenant_id=UUID(tenant_id))


@shared_task(name="approvals.cancel_killed")
def cancel_killed(tenant_id: str, switch_id: str) -> None:
    """Cancel what waits within the scope of a kill switch."""
    kill.cancel_killed(tenant_id=UUID(tenant_id), switch_id=UUID(switch_id))


@shared_task(name="approvals.reap_delegated_spend")
def reap_delegated_spend() -> None:
    """Give back to the budgets of delegations what is held for permissions that nobody uses."""
    delegated_spend.reap_spend()
