"""Signs of prompt injection: words that speak to a model instead of about the action.

What is found is a sign and no proof, in the words of some languages; whoever means harm can say
it in others. The lists and the labelled examples that measure them were written for this project.
"""

import re
from collections.abc import Iterator
from typing import Final

import re2

from approvals.guardrails.patterns import encodable, find_all, placed
from govapp.common.sensitive.spans import fold

_LEAST: Final = 5
# A sign is several words, markup, or written without blanks: most names and values are none.
_CAN_HOLD_ONE: Final = re.compile(r"[\s<>\[\]!:|]|[^\x00-\x7f]")
# Up to so much between two words that belong together.
_GAP: Final = r"[^.!?\n]{0,40}"
_OVERRIDE: Final = (
    # English
    (
        rf"\b(?:ignore|disregard|forget|override|bypass){_GAP}"
        r"\b(?:previous|prior|above|earlier|preceding|all|any|your|system|original)\b"
        r"[^.!?\n]{0,30}\b(?:instructions?|prompts?|rules|directives"
        r"|guidelines|guardrails|training|programming)\b"
    ),
    (
        r"\b(?:new|updated|real) (?:system )?instructions?"
        r" (?:follow|for (?:the )?(?:ai|assistant|model))"
    ),
    r"\bdo not follow (?:your|the|any) (?:\w{1,20} )?(?:instructions|rules|guidelines|policy)\b",
    # German
    (
        r"(?:\b(?:ignoriere?|ignorieren sie|vergiss|vergessen sie|missachte)|übergehe)\b"
        rf"{_GAP}\b(?:anweisung|anweisungen|vorgaben|regeln|instruktionen|prompts?)\b"
    ),
    # French
    (
        r"\b(?:ignore[zr]?|oublie[zr]?|ne tiens? pas compte|ne tenez pas compte)\b"
        rf"{_GAP}\b(?:instructions?|consignes?|r[eè]gles|directives)\b"
    ),
    # Spanish, Portuguese
    (
        r"\b(?:ignor[ae]|ignoren|olvid[ae]|desconsider[ae]|esque[cç][ae]|descart[ae])\b"
        rf"{_GAP}\b(?:instrucciones|instru[cç][oõ]es|reglas|regras|indicaciones|diretrizes)"
    ),
    # Italian
    rf"\b(?:ignora|ignori|dimentica|trascura){_GAP}\b(?:istruzioni|regole|direttive)\b",
    # Dutch
    rf"\b(?:negeer|vergeet){_GAP}\b(?:instructies|aanwijzingen|regels|opdrachten)\b",
    # Polish
    rf"\b(?:zignoruj|pomi[nń]|zapomnij o){_GAP}(?:instrukcj|polece[nń]|zasad|wytycz)",
    # Russian, Ukrainian
    rf"(?:игнорируй|проигнорируй|забудь|ігноруй){_GAP}(?:инструкци|указани|правила|інструкці)",
    # Chinese, Japanese
    r"(?:忽略|无视|無視|忘记|忘掉)[^。\x{FF01}\x{FF1F}\n]{0,15}(?:指令|指示|提示|规则|規則|说明)",
    r"(?:指示|命令|ルール|プロンプト)を?(?:すべて|全て)?(?:無視|忘れ)",
)
_IMPERSONATION: Final = (
    (
        r"(?:^|[\n>\"'])[ \t]{0,8}(?:system|developer|assistant)(?: prompt| message| note)?"
        r"[ \t]{0,3}:"
        r"[ \t]{0,4}(?:you|your|ignore|from now|act as|do not|always|never"
        r"|the (?:assistant|model|ai))\b"
    ),
    (
        r"\b(?:you are|act as|pretend to be|behave as)(?: now)? (?:an? )?(?:\w{1,20} ){0,2}"
        r"(?:unrestricted|unfiltered|jailbroken|dan\b|developer mode|root|administrator|no rules)"
    ),
    r"\b(?:enter|enable|activate|switch to) (?:developer|debug|god|admin|jailbreak|dan) mode\b",
    r"\bdu bist (?:jetzt|nun|ab jetzt)\b[^.!?\n]{0,40}\b(?:ohne|administrator|entwicklermodus)\b",
    r"\btu es (?:maintenant|d[eé]sormais)\b[^.!?\n]{0,40}\b(?:sans|administrateur)\b",
    r"\b(?:ahora eres|agora voc[eê] [eé])\b[^.!?\n]{0,40}\b(?:sin|sem|administrador)\b",
    r"你现在是|从现在开始你是",
)
_MARKUP: Final = (
    (
        r"<\|(?:im_start|im_end|system|user|assistant|endoftext|start_header_id|end_header_id"
        r"|eot_id)\|>"
    ),
    r"\[/?INST\]|<</?SYS>>|</?(?:system|assistant)(?:_prompt|_message)?>",
    r"(?:^|\n)#{2,4} ?(?:system|instruction|new instructions?)\b ?:?[ \t]{0,4}(?:\n|$)",
    r"\bBEGIN (?:SYSTEM|ADMIN|HIDDEN) (?:PROMPT|INSTRUCTIONS?)\b",
    r"<(?:tool_call|function_call|antml:invoke|invoke name)\b",
)
_EXFILTRATION: Final = (
    (
        r"\b(?:reveal|print|show|repeat|output|disclose|leak|tell me|send|post|forward|upload"
        r"|exfiltrate)"
        rf"\b{_GAP}\b(?:your|the) (?:full |entire |hidden |original |initial |secret )?"
        r"(?:system prompt|initial prompt|hidden instructions|system message|api keys?"
        r"|access tokens?"
        r"|credentials|environment variables|chat history|conversation history)\b"
    ),
    (
        r"\b(?:zeige?|gib|verrate|nenne|sende|schicke?)\b[^.!?\n]{0,40}"
        r"\b(?:systemprompt|system-prompt|zugangsdaten|api-schlüssel|umgebungsvariablen)\b"
    ),
    (
        r"\b(?:r[eé]v[eè]le[zr]?|affiche[zr]?|envoie|envoyez)\b[^.!?\n]{0,40}"
        r"\b(?:prompt syst[eè]me|cl[eé]s? api|identifiants de connexion"
        r"|variables d.environnement)\b"
    ),
    (
        r"\b(?:revela|muestra|env[ií]a|mostre|envie)\b[^.!?\n]{0,40}"
        r"(?:prompt del sistema|prompt do sistema|claves? api|credenciales|credenciais)"
    ),
    r"!\[[^\]\n]{0,80}\]\(https?://[^\s)]{1,300}\?[^\s)]{0,300}(?:=|%7B|\{)[^\s)]{0,300}\)",
)
_PRESSURE: Final = (
    (
        r"\b(?:proceed|execute|continue|approve|pay|send|run|release|transfer|go ahead"
        r"|do (?:it|this|so))\b"
        rf"{_GAP}\b(?:without|skipping|bypassing|avoiding)\b[^.!?\n]{{0,25}}"
        r"\b(?:review|approval|oversight|approvers?|reviewers?|asking anyone)\b"
    ),
    (
        r"\b(?:skip|bypass|avoid|circumvent) (?:the |any |all )?(?:human |manual |policy )?"
        r"(?:review|approval|oversight|guardrails?|policy checks?)\b"
    ),
    (
        r"\bdo not (?:ask|tell|notify|alert|inform|involve|mention (?:this|it) to)\b[^.!?\n]{0,25}"
        r"\b(?:humans?|users?|owners?|approvers?|reviewers?|security|compliance|anyone|anybody)\b"
    ),
    (
        r"\b(?:approve|allow|accept|confirm) (?:this|it|the request)(?: request| action)?"
        r" (?:immediately|automatically|at once|right away|no matter|regardless)\b"
    ),
    (
        r"(?:\b(?:führe|zahle|sende|mach|fahre)|überweise)\b[^.!?\n]{0,40}\bohne\b[^.!?\n]{0,25}"
        r"\b(?:freigabe|genehmigung|prüfung|rückfrage)\b"
    ),
    r"(?:\bumgehe|überspringe)\b[^.!?\n]{0,25}\b(?:freigabe|genehmigung|prüfung)\b",
    (
        r"\b(?:ex[eé]cute[zr]?|continue[zr]?|envoie|envoyez|paie|payez)\b[^.!?\n]{0,40}\bsans\b"
        r"[^.!?\n]{0,25}\b(?:approbation|validation|accord)\b"
    ),
    (
        r"\b(?:ejecuta|contin[uú]a|env[ií]a|paga|execute|continue|envie|pague|esegui|procedi"
        r"|invia)\b"
        r"[^.!?\n]{0,40}\b(?:sin|sem|senza)\b[^.!?\n]{0,25}"
        r"\b(?:aprobaci[oó]n|aprova[cç][aã]o|approvazione|revisi[oó]n|revis[aã]o)"
    ),
)
_LISTS: Final = {
    "override": _OVERRIDE,
    "impersonation": _IMPERSONATION,
    "markup": _MARKUP,
    "exfiltration": _EXFILTRATION,
    "pressure": _PRESSURE,
}


def _compiled(patterns: tuple[str, ...]) -> "re2._Regexp":
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    options.max_mem = 64 * 1024 * 1024
    return re2.compile("|".join(f"(?:{each})" for each in patterns), options)


_DETECTORS: Final = {name: _compiled(patterns) for name, patterns in _LISTS.items()}


def find_injection(text: str) -> Iterator[tuple[str, int, int]]:
    """Yield (detector, start, end) for each sign. Characters without a width do not hide one."""
    if len(text) < _LEAST or not _CAN_HOLD_ONE.search(text):
        return
    folded = fold(text)
    plain = encodable(folded.text)
    for name, pattern in _DETECTORS.items():
        for start, end in find_all(pattern, plain):
            yield name, *placed(folded, start, end)
