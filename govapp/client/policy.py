"""``./run policy``: the policy as a file, from and to a running Govapp.

What is pulled, edited and pushed is the text as it was written, with its comments and order. A
push names the state that it was made from (`If-Match`), so that nobody's work is overwritten.
"""

import argparse
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import httpx

TOKEN: Final = "GOVAPP_TOKEN"  # noqa: S105 - the variable's name
YAML: Final = {"Content-Type": "application/yaml"}
_SECONDS: Final = 30.0
_POLL: Final = 0.5


class Refused(Exception):
    """The server said no, in words for the person at the terminal."""


def main(arguments: Sequence[str], *, transport: httpx.BaseTransport | None = None) -> int:
    """Run one command. 0: done; 1: refused, or the document is no policy; 2: used wrongly.

    `transport` carries the calls where that is not the network.
    """
    options = parser().parse_args(arguments)
    token = os.environ.get(TOKEN, "")
    if not token:
        sys.stderr.write(f"Put a token of yours into {TOKEN}: make one under API tokens.\n")
        return 2
    headers = {"Authorization": f"Bearer {token}"}
    try:
        with httpx.Client(
            base_url=options.url, headers=headers, timeout=_SECONDS, transport=transport
        ) as http:
            code: int = options.run(http, options)
            return code
    except Refused as refused:
        sys.stderr.write(f"{refused}\n")
    except httpx.TransportError as error:
        sys.stderr.write(f"No answer from {options.url}: {error}\n")
    except OSError as error:
        sys.stderr.write(f"{error}\n")
    return 1


def parser() -> argparse.ArgumentParser:
    """Return the parser; each command names the function that runs it."""
    line = argparse.ArgumentParser(
        prog="./run policy", description="The policy as a file.", epilog=f"The token is in {TOKEN}."
    )
    line.add_argument("--url", default="http://127.0.0.1:8000", help="where Govapp is")
    commands = line.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, says: str) -> argparse.ArgumentParser:
        made = commands.add_parser(name, help=says, description=says)
        made.set_defaults(run=run)
        return made

    one = command("pull", pull, "write a version (live, pv_…) or a draft (pd_…) to a file")
    one.add_argument("which", nargs="?", default="live")
    one.add_argument("-o", "--output", type=Path, help="the file; else standard output")
    one = command("check", check, "say what a file says, or everything that is wrong with it")
    one.add_argument("file", type=Path)
    one = command("push", push, "keep a file as a new draft, or as the next state of one")
    one.add_argument("file", type=Path)
    one.add_argument("--draft", help="pd_…: the draft that it replaces")
    one.add_argument("--if-match", help="the ETag that pull or the last push printed")
    one.add_argument("--title", default="")
    one = command("submit", submit, "send a draft to review")
    one.add_argument("draft")
    one.add_argument("--if-match", required=True)
    one.add_argument("--remark", default="")
    one = command("simulate", simulate, "replay recorded requests under the rules of a file")
    one.add_argument("file", type=Path)
    one.add_argument("--period", choices=("30d", "90d", "all"), default="30d")
    return line


def pull(http: httpx.Client, options: argparse.Namespace) -> int:
    """Write the text as it was written; its ETag goes to standard error."""
    which = f"drafts/{options.which}" if options.which.startswith("pd_") else options.which
    answer = _call(http, "GET", f"policies/{which}", headers={"Accept": "application/yaml"})
    if options.output:
        options.output.write_bytes(answer.content)
    else:
        sys.stdout.buffer.write(answer.content)
        sys.stdout.flush()
    sys.stderr.write(f"ETag {answer.headers['ETag']}\n")
    return 0


def check(http: httpx.Client, options: argparse.Namespace) -> int:
    """Print every sentence, or every problem with its line."""
    text = options.file.read_bytes()
    said = _call(http, "POST", "policies/check", content=text, headers=YAML).json()
    for each in said["sentences"]:
        sys.stdout.write(f"{each['rule']}: {each['sentence']}\n")
    for each in said["problems"]:
        place = f"{options.file}:{each['line']}:{each['column']}" if each["line"] else options.file
        sys.stderr.write(f"{place}: {each['pointer'] or '/'}: {each['message']}\n")
    return 0 if said["valid"] else 1


def push(http: httpx.Client, options: argparse.Namespace) -> int:
    """Keep the file as a draft. It need not be a policy yet."""
    source = options.file.read_text()
    if options.draft is None:
        body = {"source": source, "title": options.title}
        answer = _call(http, "POST", "policies/drafts", json=body)
    else:
        answer = _call(
            http,
            "PUT",
            f"policies/drafts/{options.draft}",
            json={"source": source},
            headers={"If-Match": options.if_match or ""},
        )
    sys.stdout.write(f"{answer.json()['id']} {answer.headers['ETag']}\n")
    return 0 if answer.json()["valid"] else 1


def submit(http: httpx.Client, options: argparse.Namespace) -> int:
    """Make a version in review of a draft."""
    answer = _call(
        http,
        "POST",
        f"policies/drafts/{options.draft}/submit",
        json={"remark": options.remark},
        headers={"If-Match": options.if_match},
    )
    said = answer.json()
    sys.stdout.write(f"{said['id']} version {said['number']}: {said['effect']}\n")
    return 0


def simulate(http: httpx.Client, options: argparse.Namespace) -> int:
    """Order a replay, show its progress, and print its summary."""
    order = {"source": options.file.read_text(), "period": options.period}
    said = _call(http, "POST", "policies/simulations", json=order).json()
    while said["status"] in ("queued", "running"):
        sys.stderr.write(f"\r{said['replayed']} of {said['total'] or '?'} requests ")
        sys.stderr.flush()
        time.sleep(_POLL)
        said = _call(http, "GET", f"policies/simulations/{said['id']}").json()
    sys.stderr.write("\n")
    for line in said["sentences"]:
        sys.stdout.write(f"{line}\n")
    return 0 if said["status"] == "done" else 1


def _call(http: httpx.Client, method: str, path: str, **options: Any) -> httpx.Response:
    answer = http.request(method, f"/api/v1/{path}", **options)
    if answer.is_success:
        return answer
    try:
        problem = answer.json()
        lines = [f"{problem['title']}: {problem['detail']}"]
        lines += [f"  {each['pointer']}: {each['detail']}" for each in problem.get("errors", ())]
    except (ValueError, KeyError):
        lines = [f"The server answered {answer.status_code}."]
    raise Refused("\n".join(lines))
