"""What runs beside the web: Celery executes what PostgreSQL schedules (docs/decisions).

Rows hold the work, the broker hints.
"""

from govapp.settings.environment import REDIS_URL

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 300,
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "health_check_interval": 25,
    # Without these, a hint waits for ever, and its request with it, while the broker is away.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0,
    "interval_max": 0,
}
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_TIME_LIMIT = 60
# A thread cannot be cancelled: the threads pool would only log a NotImplementedError for each. What
# is delivered again after the broker was away finds its row claimed, or done.
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 30
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_TASK_PUBLISH_RETRY = False
# Reports and replays are slow and large: a queue of their own, so that nothing urgent waits.
CELERY_TASK_ROUTES = {
    "audit.make_report": {"queue": "reports"},
    "audit.write_export": {"queue": "reports"},
    "audit.deliver_stream": {"queue": "reports"},
    "approvals.run_simulation": {"queue": "reports"},
}
# The sweeper is a process of its own; beat kicks the same work as a backup, and the watchman.
CELERY_BEAT_SCHEDULE = {
    "sequence": {"task": "audit.sequence", "schedule": 5.0},
    "index": {"task": "audit.index", "schedule": 5.0},
    "anchor": {"task": "audit.anchor", "schedule": 10.0},
    "reports": {"task": "audit.sweep_reports", "schedule": 30.0},
    "exports": {"task": "audit.sweep_exports", "schedule": 60.0},
    "streams": {"task": "audit.sweep_streams", "schedule": 5.0},
    "days": {"task": "audit.close_days", "schedule": 60.0},
    "prunings": {"task": "audit.sweep_prunings", "schedule": 300.0},
    "retention": {"task": "audit.prune_daily", "schedule": 86_400.0},
    "partitions": {"task": "audit.make_partitions", "schedule": 21_600.0},
    "erasures": {"task": "audit.erase_again", "schedule": 60.0},
    "simulations": {"task": "approvals.take_over_simulations", "schedule": 30.0},
    "sweep": {"task": "approvals.sweep", "schedule": 10.0},
    "watch": {"task": "approvals.watch", "schedule": 30.0},
    "reservations": {"task": "tenants.reap_reservations", "schedule": 60.0},
    "delegated_spend": {"task": "approvals.reap_delegated_spend", "schedule": 60.0},
    "runs": {"task": "approvals.close_left_open_runs", "schedule": 600.0},
    "model_calls": {"task": "approvals.close_lost_model_calls", "schedule": 60.0},
    "trust": {"task": "approvals.assess_agents", "schedule": 300.0},
    "forget_idempotency_keys": {
        "task": "approvals.forget_idempotency_keys",
        "schedule": 3600.0,
    },
}
