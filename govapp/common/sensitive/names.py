"""What a field is by its name: `iban` may hold anything, `password` never holds small talk."""

import re
from functools import lru_cache
from typing import Final

from govapp.common.sensitive.spans import Kind

_WORDS: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_ALONE: Final[dict[str, Kind]] = {
    "password": "secret", "passwd": "secret", "pwd": "secret", "passphrase": "secret",
    "secret": "secret", "apikey": "secret", "authorization": "secret", "cvv": "secret",
    "cvc": "secret", "cookie": "secret", "credentials": "secret",
    "ssn": "national_id", "nino": "national_id", "passport": "national_id",
    "phone": "phone", "mobile": "phone", "telephone": "phone", "tel": "phone", "fax": "phone",
    "dob": "birth", "birthdate": "birth", "birthday": "birth",
}  # fmt: skip
_TOGETHER: Final[dict[str, Kind]] = {
    "api_key": "secret", "access_key": "secret", "secret_key": "secret", "client_secret": "secret",
    "access_token": "secret", "refresh_token": "secret", "auth_token": "secret",
    "session_token": "secret", "id_token": "secret", "bearer_token": "secret",
    "private_key": "private_key", "x_api_key": "secret", "set_cookie": "secret",
    "proxy_authorization": "secret", "user_password": "secret", "new_password": "secret",
    "old_password": "secret", "db_password": "secret", "database_password": "secret",
    "phone_number": "phone", "mobile_number": "phone", "mobile_phone": "phone",
    "fax_number": "phone", "home_phone": "phone", "work_phone": "phone",
    "national_id": "national_id", "identity_number": "national_id", "tax_id": "national_id",
    "passport_number": "national_id", "social_security_number": "national_id",
    "personal_id": "national_id", "ahv_number": "national_id",
    "date_of_birth": "birth", "birth_date": "birth",
}  # fmt: skip


@lru_cache(maxsize=4096)
def kind_of_name(name: str) -> Kind | None:
    """Return what a field with this name holds, or None when the name does not tell.

    `clientSecret`, `client-secret` and `client_secret` are the same name. Whole names count:
    `token_count` and `phone_model` hold nothing sensitive.
    """
    words = [word.lower() for word in _WORDS.findall(name[:100])]
    joined = "_".join(words)
    return _ALONE.get(joined) or _TOGETHER.get(joined)


def last_name(path: str) -> str:
    """Return the name at the end of a path: `contact.phone[1]` → `phone`."""
    return path.rpartition(".")[2].partition("[")[0]
