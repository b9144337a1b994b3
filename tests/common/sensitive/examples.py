"""Labelled examples: what is sensitive in a text, and what only looks like it.

Nothing here belongs to anybody: the numbers are the issuers' own examples, or made up with a
checksum that holds. Keys are put together, so that no scanner takes this file for a leak.
"""

from typing import Final

_A40: Final = "wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY12"
_JWT: Final = (
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9."
    "eyJzdWIiOiIxMjM0NTY3ODkwIn0."
    "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
)
PEM: Final = "\n".join(
    (
        "-----BEGIN RSA " + "PRIVATE KEY-----",
        "MIIBOgIBAAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf",
        "x" * 40,
        "-----END RSA " + "PRIVATE KEY-----",
    )
)

# (label, kind, text in which « and » stand around what is found)
FOUND: Final[list[tuple[str, str, str]]] = [
    ("visa", "card", "card «4111 1111 1111 1111» please"),
    ("visa-plain", "card", "«4012888888881881»"),
    ("mastercard", "card", "«5555-5555-5555-4444»"),
    ("mastercard-2", "card", "«2223003122003222»"),
    ("amex", "card", "«3782 822463 10005»"),
    ("diners", "card", "«30569309025904»"),
    ("discover", "card", "«6011111111111117»"),
    ("jcb", "card", "«3530111333300000»"),
    ("unionpay", "card", "«6200000000000005»"),
    ("after-invoice", "card", "Invoice 1123 «4111 1111 1111 1111»"),
    ("two-cards", "card", "«4111111111111111», «5555555555554444»"),
    ("zero-width", "card", "«4111\u200b1111\u200b1111\u200b1111»"),
    ("full-width", "card", "«\uff14" + "\uff11" * 15 + "»"),
    ("iban-de", "iban", "to «DE89370400440532013000» now"),
    ("iban-blocks", "iban", "«DE89 3704 0044 0532 0130 00» for rent"),
    ("iban-gb", "iban", "«GB29 NWBK 6016 1331 9268 19»"),
    ("iban-fr", "iban", "«FR1420041010050500013M02606»"),
    ("iban-ch", "iban", "«CH9300762011623852957»."),
    ("iban-no", "iban", "«NO9386011117947»"),
    ("iban-small", "iban", "«de89370400440532013000»"),
    ("us-ssn", "national_id", "SSN «219-09-9999»"),
    ("gb-nino", "national_id", "NI number «AB 12 34 56 C»"),
    ("fr-nir", "national_id", "«2 55 08 14 168 025 38»"),
    ("de-tax", "national_id", "IdNr. «86 095 742 719»"),
    ("es-dni", "national_id", "DNI «12345678Z»"),
    ("es-nie", "national_id", "«X1234567L»"),
    ("it-cf", "national_id", "«RSSMRA85T10A562S»"),
    ("ch-ahv", "national_id", "«756.9217.0769.85»"),
    ("pl-pesel", "national_id", "PESEL «44051401359»"),
    ("se", "national_id", "«811218-9876»"),
    ("br-cpf", "national_id", "CPF «529.982.247-25»"),
    ("in-aadhaar", "national_id", "UIDAI «2363 4562 6469»"),
    ("phone-de", "phone", "Call «+49 30 901820» today"),
    ("phone-ch", "phone", "«+41 44 668 18 00»"),
    ("phone-00", "phone", "«0041446681800»"),
    ("phone-us", "phone", "«(202) 456-1111»"),
    ("phone-us-dots", "phone", "ring «202.456.1111»"),
    ("aws", "secret", "id «AKIA" + "IOSFODNN7EXAMPLE»"),
    ("aws-secret", "secret", f"«aws token {_A40}»"),
    ("github", "secret", "use «ghp_" + "a1B2" * 9 + "»"),
    ("slack", "secret", "«xoxb-" + "123456789012-abcdefghij»"),
    ("stripe", "secret", "«sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc»"),
    ("sendgrid", "secret", "«SG." + "a" * 22 + "." + "b" * 43 + "»"),
    ("ours", "secret", "«gov_live_" + "a" * 12 + "_" + "B" * 49 + "»"),
    ("ai-service", "secret", "«sk-proj-" + "Ab12" * 8 + "»"),
    ("address", "secret", "postgres://app:«hunter22»@db/main"),
    ("header", "secret", "Authorization: Bearer «abc123def456ghi789»"),
    ("assigned", "secret", 'password = "«correct horse»"'),
    ("assigned-plain", "secret", "api_key=«9f8e7d6c5b»"),
    ("sql", "secret", "UPDATE users SET password='«tr0ub4dor&3»'"),
    ("jwt", "token", f"token «{_JWT}» end"),
    ("pem", "private_key", f"key:\n«{PEM}»\nend"),
    ("card-cut", "cut", "your card «4111 1111 11»… has"),
    ("pem-cut", "private_key", f"«{PEM[:80]}»"),
]

PLAIN: Final[list[tuple[str, str]]] = [
    ("words", "Pay EUR 48,200.00 to Northwind for invoice 2291"),
    ("email", "alice@example.com and bob.tanaka+bank@meridian.example"),
    ("time", "2026-11-21T10:42:00Z until 2026-11-22 09:00"),
    ("milliseconds", "1764930000000"),
    ("uuid", "0192f0c1-9a7b-7c3d-8e4f-5a6b7c8d9e0f"),
    ("digest", "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
    ("our-id", "ar_06dv9kz2r4x7m1n3p5q8s0t2w4"),
    ("card-wrong-digit", "4111 1111 1111 1112"),
    ("card-no-issuer", "9111111111111113"),
    ("zeros", "0000000000000000"),
    ("iban-wrong-sum", "DE88370400440532013000"),
    ("iban-too-short", "DE8937040044053201300"),
    ("iban-no-country", "QX89370400440532013000"),
    ("amounts", "1,234,567.89 and 12345678.90"),
    ("ssn-never-given", "000-12-3456 and 666-12-3456"),
    ("dni-wrong-letter", "12345678A"),
    ("codice-wrong-letter", "RSSMRA85T10A562T"),
    ("nir-wrong-key", "255081416802539"),
    ("ahv-wrong-digit", "756.9217.0769.86"),
    ("pesel-wrong-digit", "44051401358"),
    ("cpf-wrong-digit", "529.982.247-26"),
    ("sum", "+12 -34 +56 -78 and 1+1=2"),
    ("version", "release 10.4.2-20261121, build 20261121.4"),
    ("phone-of-nowhere", "+999 123 456 789"),
    ("national-only", "030 901820"),
    ("ip", "192.168.100.200:8080"),
    ("word-secret", "The secret of good tea; the password: please reset it"),
    ("word-basic", "Basic understanding, bearer responsibilities"),
    ("word-risk", "risk-assessment-of-the-quarter-and-more"),
    ("jwt-like", "eyJ is how base64 of an object begins"),
    ("public-key", "-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----"),
    ("path", "s3://treasury/inbox/4471.pdf"),
    ("sql", "DELETE FROM sessions WHERE expires < now() - interval '30 days'"),
    ("short", "4111"),
    ("words-cut", "Run “SELECT count(*) FROM transfers WHERE sta…” on core-banking"),
    ("reference-cut", "Invoice 2291, customer 42…"),
]

NAMES: Final[list[tuple[str, str | None]]] = [
    ("password", "secret"),
    ("userPassword", "secret"),
    ("client_secret", "secret"),
    ("X-API-Key", "secret"),
    ("Authorization", "secret"),
    ("accessToken", "secret"),
    ("privateKey", "private_key"),
    ("phone", "phone"),
    ("mobile-number", "phone"),
    ("SSN", "national_id"),
    ("dateOfBirth", "birth"),
    ("token_count", None),
    ("tokens", None),
    ("phone_model", None),
    ("key", None),
    ("iban", None),
    ("secretary", None),
    ("", None),
]
