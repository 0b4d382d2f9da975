"""Words as a search sees them: without case, accents, spaces and signs; Korean names by their initials too."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence

NAME_BORDER, PEOPLE_BORDER = "|", "/"
# The order of Unicode's syllable blocks: one initial consonant for each 588 syllables from U+AC00 on.
_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_FIRST_SYLLABLE, _LAST_SYLLABLE, _PER_INITIAL = 0xAC00, 0xD7A3, 588
# Keyboards join two initials typed one after the other into one of these.
_CLUSTERS = str.maketrans(
    {
        "ㄳ": "ㄱㅅ",
        "ㄵ": "ㄴㅈ",
        "ㄶ": "ㄴㅎ",
        "ㄺ": "ㄹㄱ",
        "ㄻ": "ㄹㅁ",
        "ㄼ": "ㄹㅂ",
        "ㄽ": "ㄹㅅ",
        "ㄾ": "ㄹㅌ",
        "ㄿ": "ㄹㅍ",
        "ㅀ": "ㄹㅎ",
        "ㅄ": "ㅂㅅ",
    }
)
_LETTERS_ALONE = re.compile("([ㄱ-ㅣ]+)")


def fold(text: str) -> str:
    """Return what of `text` counts in a search; folding twice changes nothing."""
    # Normalising would turn a consonant typed alone into half a syllable, so those stay out of it.
    pieces = _LETTERS_ALONE.split(text.translate(_CLUSTERS))
    return "".join(piece if number % 2 else _fold_piece(piece) for number, piece in enumerate(pieces))


def _fold_piece(text: str) -> str:
    apart = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold())
    return unicodedata.normalize("NFC", "".join(c for c in apart if c.isalnum()))


def initials(folded: str) -> str:
    """Return a folded text with every Hangul syllable cut down to its initial consonant; '' when it has none."""
    cut = "".join(_initial(c) for c in folded)
    return "" if cut == folded else cut


def _initial(character: str) -> str:
    if not _FIRST_SYLLABLE <= ord(character) <= _LAST_SYLLABLE:
        return character
    return _INITIALS[(ord(character) - _FIRST_SYLLABLE) // _PER_INITIAL]


def fold_words(text: str) -> list[str]:
    """Return the folded words of what a person typed, without empty ones."""
    return [folded for word in text.split() if (folded := fold(word))]


def search_text(names: Sequence[str], people: Iterable[str], longest: int) -> str:
    """Return what a title is found by: `|name|name|initials/person/person/`, cut at a whole word's end.

    A name stands between two NAME_BORDERs, so that a query can be told to be a whole name or the start of one.
    """
    text = NAME_BORDER
    for name in _with_initials(names):
        text = _longer(text, f"{name}{NAME_BORDER}", longest - 1)
    text += PEOPLE_BORDER
    for person in _with_initials(people):
        text = _longer(text, f"{person}{PEOPLE_BORDER}", longest)
    return text


def _longer(text: str, more: str, longest: int) -> str:
    return text + more if len(text) + len(more) <= longest else text


def _with_initials(texts: Iterable[str]) -> list[str]:
    folded = [fold(text) for text in texts]
    return list(dict.fromkeys(text for text in (*folded, *map(initials, folded)) if text))
