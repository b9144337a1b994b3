"""A small mail server on loopback that keeps what it is given and can be told to refuse."""

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast


@dataclass
class Mailbox:
    """The messages that arrived. `answers` holds replies to the next MAIL commands instead of 250;
    `refused` holds addresses that RCPT refuses for good; MAIL waits until `may_answer` is set."""

    port: int = 0
    messages: list[EmailMessage] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    @property
    def recipients(self) -> list[str]:
        return sorted(str(message["To"]) for message in self.messages)


class _Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
    mailbox: Mailbox


class _Session(socketserver.StreamRequestHandler):
    """The few commands of RFC 5321 that smtplib speaks."""

    timeout = 60

    def handle(self) -> None:
        mailbox = cast("_Server", self.server).mailbox
        self.say("220 tests")
        while line := self.rfile.readline():
            command = line.decode().strip()
            verb = command.upper().split(":")[0].split(" ")[0]
            if verb == "MAIL":
                mailbox.may_answer.wait(self.timeout)
            if verb == "MAIL" and mailbox.answers:
                self.say(mailbox.answers.pop(0))
            elif verb == "RCPT" and any(each in command for each in mailbox.refused):
                self.say("550 no such person")
            elif verb == "DATA":
                self.say("354 go on")
                mailbox.messages.append(self.read_message())
                self.say("250 kept")
            elif verb == "QUIT":
                self.say("221 bye")
                return
            else:
                self.say("250 yes")

    def say(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())

    def read_message(self) -> EmailMessage:
        lines = []
        while (line := self.rfile.readline()) not in (b".\r\n", b""):
            lines.append(line[1:] if line.startswith(b"..") else line)
        return message_from_bytes(b"".join(lines), policy=policy.default)


@contextmanager
def running_mail_server() -> Iterator[Mailbox]:
    """Run the server on a port that the system chooses."""
    with _Server(("127.0.0.1", 0), _Session) as server:
        server.mailbox = Mailbox(port=server.server_address[1])
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield server.mailbox
        finally:
            server.shutdown()
            thread.join()
