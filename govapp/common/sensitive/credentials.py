"""What opens doors: keys and tokens of well-known services, JWTs, private keys, passwords.

The services' patterns are those of detect-secrets, by name; nothing is ever verified by a call.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Final

from govapp.common.sensitive.spans import Folded, Span

# A detector is loaded when its hint is there: (hint, module, class).
_DETECTORS: Final = (
    (re.compile(r"AKIA|ASIA|ABIA|ACCA|A3T|\baws", re.IGNORECASE), "aws", "AWSKeyDetector"),
    (re.compile(r"gh[pousr]_"), "github_token", "GitHubTokenDetector"),
    (re.compile(r"xox[abposr]-|hooks\.slack", re.IGNORECASE), "slack", "SlackDetector"),
    (re.compile(r"[rs]k_live_"), "stripe", "StripeDetector"),
    (re.compile(r"-us\d"), "mailchimp", "MailchimpDetector"),
    (re.compile(r"SG\."), "sendgrid", "SendGridDetector"),
    (re.compile(r"sq0csp-"), "square_oauth", "SquareOAuthDetector"),
    (re.compile(r"(?:AC|SK)[a-z0-9]{32}"), "twilio", "TwilioKeyDetector"),
    (re.compile(r"AKC[a-zA-Z0-9]{10}|AP[\dA-F][a-zA-Z0-9]{8}"), "artifactory",
     "ArtifactoryDetector"),
    (re.compile(r"[MNO][\w-]{23,25}\.[\w-]{6}\."), "discord", "DiscordBotTokenDetector"),
)  # fmt: skip
# The patterns are made for lines: a longer text is looked through in pieces that overlap by more
# than any of these is long, so that no text takes more than time in proportion to its length.
_PIECE: Final = 1024
_OVERLAP: Final = 256

_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
    r"(?:(?!-----END)[\s\S]){0,20000}(?:-----END [A-Z0-9 ]{1,40}-----)?"
)
_JWT: Final = re.compile(
    r"(?<![\w-])eyJ[\w-]{8,4096}\.eyJ[\w-]{2,8192}\.[\w-]{0,2048}(?![\w-])", re.ASCII
)
# Ours, GitHub's newer ones, npm's, those that begin as many AI services' do, GitLab's, Google's.
_PREFIXED: Final = re.compile(
    r"(?<![\w-])(?:gov_(?:live|user|at)_[0-9A-Za-z]{12}_[0-9A-Za-z]{49}"
    r"|github_pat_[0-9A-Za-z_]{60,100}|npm_[0-9A-Za-z]{36}|sk-[\w-]{20,200}"
    r"|glpat-[\w-]{20,64}|AIza[\w-]{35})(?![\w-])",
    re.ASCII,
)
_IN_ADDRESS: Final = re.compile(r"(?<=://)[^\s:/?#@]{1,256}:([^\s/@]{1,256})@")
_HEADER: Final = re.compile(
    r"\b(?:bearer|basic)\s{1,4}(?=[\w.~+/-]{0,200}\d)([\w.~+/-]{12,4096}={0,2})",
    re.IGNORECASE | re.ASCII,
)
_ASSIGNED: Final = re.compile(
    r"(?:password|passwd|passphrase|pwd|secret|api[_-]?key|access[_-]?key|auth[_-]?token"
    r"|access[_-]?token|refresh[_-]?token|private[_-]?key|accountkey)"
    r"[\"']?\s{0,4}(?::|=>?)\s{0,4}"
    r"(?:\"([^\"\n]{4,512})\"|'([^'\n]{4,512})'|(?=[^\s\"',;&){}]{0,200}[\d!@#$%^*])([^\s\"',;&){}]{6,512}))",
    re.IGNORECASE,
)


def find_private_keys(folded: Folded) -> Iterator[Span]:
    """Yield private keys in PEM or as OpenPGP blocks, also those that are cut off."""
    if "PRIVATE KEY" in folded.text:
        for found in _PRIVATE_KEY.finditer(folded.text):
            yield folded.span("private_key", found.start(), found.end())


def find_tokens(folded: Folded) -> Iterator[Span]:
    """Yield JSON Web Tokens (RFC 7519): a header and claims that begin an object each."""
    if "eyJ" in folded.text:
        for found in _JWT.finditer(folded.text):
            yield folded.span("token", found.start(), found.end())


def find_secrets(folded: Folded) -> Iterator[Span]:
    """Yield keys of well-known services, passwords in addresses, headers and assignments."""
    text = folded.text
    for found in _PREFIXED.finditer(text):
        yield folded.span("secret", found.start(), found.end())
    for start in range(0, max(len(text) - _OVERLAP, 1), _PIECE - _OVERLAP):
        piece = text[start : start + _PIECE]
        for hint, module, name in _DETECTORS:
            if hint.search(piece):
                for pattern in _patterns(module, name):
                    for found in pattern.finditer(piece):
                        yield folded.span("secret", start + found.start(), start + found.end())
    for pattern in (_IN_ADDRESS, _HEADER, _ASSIGNED):
        for found in pattern.finditer(text):
            group = found.lastindex or 0
            yield folded.span("secret", found.start(group), found.end(group))


@cache
def _patterns(module: str, name: str) -> tuple[re.Pattern[str], ...]:
    # Only now: the package brings an HTTP client along, which takes a fifth of a second to load.
    detector = getattr(import_module(f"detect_secrets.plugins.{module}"), name)
    return tuple(detector.denylist)
