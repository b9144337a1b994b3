"""The record: where it is published, who vouches for it, what it asks of the floor above, and how
reports are signed."""

from pathlib import Path

from govapp.settings.environment import STATE_DIR, env

# Where the sequencer publishes signed checkpoints, outside of the database (docs/decisions).
LEDGER_CHECKPOINT_DIR: Path | None = STATE_DIR / "checkpoints"
# Who vouches for the directory log, in which all tenants' checkpoints are (docs/anchoring.md):
# witnesses as "<verifier key> <address>", time-stamping authorities as addresses, with the files
# of the root certificates that they must lead to.
LEDGER_WITNESSES: list[str] = env.list("GOVAPP_LEDGER_WITNESSES", default=[])
# Asked in this order, for the directory log and for reports; under its former name as well.
LEDGER_TSA_URLS: list[str] = env.list(
    "GOVAPP_LEDGER_TSA_URLS", default=env.list("LEDGER_TSA_URLS", default=[])
)
LEDGER_TSA_ROOTS = [Path(name) for name in env.list("GOVAPP_LEDGER_TSA_ROOTS", default=[])]
# An authority is asked for one stamp in so many seconds: public ones are shared by many.
LEDGER_TSA_EVERY_SECONDS = env.int("GOVAPP_LEDGER_TSA_EVERY_SECONDS", default=600)
# The operator names these addresses; in a network of their own only when they say so.
LEDGER_VOUCHERS_MAY_BE_PRIVATE = env.bool("GOVAPP_LEDGER_VOUCHERS_MAY_BE_PRIVATE", default=False)
# How `verify_ledger --tenant` finds a tenant by its slug: the ledger's floor knows no tenants.
AUDIT_TENANT_BY_SLUG = "tenants.doors.tenant_by_slug"
# In which time zone the bound tenant counts its days.
AUDIT_ZONE_OF_TENANT = "tenants.selectors.zone_of_tenant"
# For how long the bound tenant keeps its record, which tenants prune by themselves, and what a
# person or an agent is called in the record.
AUDIT_RETENTION_OF_TENANT = "tenants.selectors.retention.retention_of_tenant"
# The same for the database's function that prunes: in days, a row without a number keeps for ever.
# `tenant` is the id of the bound tenant.
AUDIT_DAYS_KEPT_SQL = "SELECT retention_days FROM tenants_tenant WHERE id = tenant"
# Whose streams wait: ids of suspended tenants, and what must be read for that.
AUDIT_SUSPENDED_SQL = "SELECT id FROM tenants_tenant WHERE is_suspended"
AUDIT_SUSPENDED_READS = {"tenants_tenant": ("id", "is_suspended")}
AUDIT_TENANTS_THAT_PRUNE = "tenants.doors.tenants_that_prune"
AUDIT_NAMES_OF_SUBJECT = "tenants.selectors.retention.names_of_subject"
# Whose token calls the ledger's API, with roles; None for an agent.
AUDIT_READER_OF_CALLER = "tenants.selectors.member_of_caller"

# With what reports are signed, as PEM files: the chain with the signer first, and its key. Without,
# the installation makes a certificate of its own, for which nobody vouches.
REPORT_SIGNING_CERTIFICATE = env.str("REPORT_SIGNING_CERTIFICATE", default="")
REPORT_SIGNING_KEY = env.str("REPORT_SIGNING_KEY", default="")
# The roots of the signer and of the authorities, as a PEM file: with them, a report has in it all
# that its signature is checked with for as long as an archive lasts (PAdES B-LTA).
REPORT_TRUST_ROOTS = env.str("REPORT_TRUST_ROOTS", default="")
