"""An inclusion proof as a file that stands for itself. Source: https://c2sp.org/tlog-proof"""

import base64
from collections.abc import Sequence


def proof_text(*, index: int, path: Sequence[bytes], note: str) -> str:
    """Return a `.tlog-proof`: the index, the audit path and the signed checkpoint."""
    hashes = "".join(f"{base64.b64encode(step).decode()}\n" for step in path)
    return f"c2sp.org/tlog-proof@v1\nindex {index}\n{hashes}\n{note}"
