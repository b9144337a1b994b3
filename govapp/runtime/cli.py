"""The commands of ``./run``."""

import argparse
import os
import sys

from govapp.runtime.console import StartError
from govapp.runtime.state import ROOT

COMMANDS = """\
commands:
  up          start everything (this is the default); --no-demo leaves out the demo tenant
  test        every check that CI runs; with arguments, pytest with these arguments only
  demo        load the demo tenant again and print its logins
  simulate    agents of different manners against the running Govapp, through HTTP only
  policy      the policy as a file: pull, check, push, submit, simulate (with a member's token)
  bench       benchmarks, each with the ratio to its baseline
  chaos       a week of traffic in minutes while parts are killed; checks what must hold
  doctor      what this machine lacks, and how to get it
  reset       remove the local data (--yes: without asking)
  manage      manage.py with the database and broker of this installation

environment:
  PORT              port of the web server (else the first free one from 8000)
  DATABASE_URL      an existing PostgreSQL instead of the embedded one: the URL of somebody
                    who may create roles; with DATABASE_OWNER_URL, the application's own URL
  REDIS_URL         an existing Valkey or Redis instead of the embedded one
  GOVAPP_STATE_DIR  where the local data lives (else .state)
"""
NAMES = ("up", "test", "demo", "simulate", "policy", "bench", "chaos", "doctor", "reset", "manage")


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    parser = argparse.ArgumentParser(
        prog="./run",
        description="Govapp: the approval plane for software agents.",
        epilog=COMMANDS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", default="up", choices=NAMES, metavar="COMMAND")
    first_is_option = bool(arguments) and arguments[0].startswith("-")
    help_wanted = bool(arguments) and arguments[0] in {"-h", "--help"}
    own = arguments[:1] if help_wanted or not first_is_option else []
    name = parser.parse_args(own).command
    rest = arguments[len(own) :]
    os.chdir(ROOT)
    try:
        return dispatch(name, rest)
    except StartError as error:
        sys.stderr.write(f"\n{error}\n")
        return 1
    except KeyboardInterrupt:
        return 130


def dispatch(name: str, rest: list[str]) -> int:
    """Import what this command needs, and no more: a start has three seconds."""
    if name == "test":
        from govapp.runtime.gate import gate

        return gate(rest)
    if name == "doctor":
        from govapp.runtime.doctor import doctor

        return doctor()
    if name == "up":
        from govapp.runtime.up import up

        return up(with_demo=not flag("up", "--no-demo", rest))
    from govapp.runtime import commands

    if name == "manage":
        return commands.manage(rest)
    if name == "bench":
        return commands.bench(rest)
    if name == "chaos":
        return commands.chaos(rest)
    if name == "policy":
        return commands.policy(rest)
    if name == "simulate":
        return commands.simulate(rest)
    if name == "reset":
        return commands.reset(sure=flag("reset", "--yes", rest))
    return commands.demo()


def flag(command: str, name: str, rest: list[str]) -> bool:
    """Read the one option that a command has."""
    parser = argparse.ArgumentParser(prog=f"./run {command}")
    parser.add_argument(name, action="store_true", dest="chosen")
    chosen: bool = parser.parse_args(rest).chosen
    return chosen
