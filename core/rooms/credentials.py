"""Words that look like a password or an account: they do not belong into a room."""

from __future__ import annotations

import re
import unicodedata

_LABEL = (
    r"(?:비밀\s?번호|비번|패스워드|암호|password|passwd|passcode|pwd"
    r"|(?<![a-z])p\s?[./]?\s?w(?![a-z])|(?<![a-z])pass(?![a-z]))"
)
_PARTICLE = r"(?:\s?(?:는|은|이|가|is\b))?"
_SEPARATOR = r"(?:[:=：→]|[-=]>)"
# Behind a colon anything that could be a password counts; behind a mere space only what no plain word looks like,
# so that "비번 바뀌었어요?" and "password reset" pass.
_LABELLED = re.compile(rf"{_LABEL}{_PARTICLE}\s*{_SEPARATOR}\s*(?P<word>\S{{4,}})")
_FARTHER = re.compile(rf"{_LABEL}[^\n:=]{{0,16}}{_SEPARATOR}\s*(?P<word>[!-~]{{4,}})")
_SPACED = re.compile(rf"{_LABEL}{_PARTICLE}(?:\s+|\s*[/,|]\s*)(?P<word>[!-~]{{4,}})")
_ACCOUNT_PAIR = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+\s*[/|,:\s]\s*(?P<word>[!-~]{6,})")


def looks_like_credentials(text: str) -> bool:
    """Tell whether somebody seems to be writing a password or an account down."""
    folded = _folded(text)
    return (
        any(_could_be_password(found["word"]) for found in _LABELLED.finditer(folded))
        or any(_is_no_plain_word(found["word"]) for found in _FARTHER.finditer(folded))
        or any(_is_no_plain_word(found["word"]) for found in _SPACED.finditer(folded))
        or any(_has_letter_and_digit(found["word"]) for found in _ACCOUNT_PAIR.finditer(folded))
    )


def _folded(text: str) -> str:
    plain = unicodedata.normalize("NFKC", text).casefold()
    return "".join(c for c in plain if unicodedata.category(c) != "Cf")


def _could_be_password(word: str) -> bool:
    return word.isascii() or any(c.isdigit() for c in word)


def _is_no_plain_word(word: str) -> bool:
    if word.startswith(("http://", "https://")):
        return False
    return not word.strip(".,!?~()\"'").isalpha() and any(c.isalnum() for c in word)


def _has_letter_and_digit(word: str) -> bool:
    return any(c.isalpha() for c in word) and any(c.isdigit() for c in word)
