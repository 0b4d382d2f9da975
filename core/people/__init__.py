"""People: identity, consent, profile, settings."""

from core.people.profile import (
    FAVOURITE_GENRES,
    GENRES,
    LANGUAGES,
    NICKNAME_LENGTH,
    TERMS_VERSION,
    agree,
    clean_nickname,
    find_person,
    get_person,
    mark_reachable,
    mark_unreachable,
    require_adult,
    set_genres,
    set_language,
    set_nickname,
    set_picture,
)
from core.people.tables import AgeBand, Consent, Person

__all__ = [
    "FAVOURITE_GENRES",
    "GENRES",
    "LANGUAGES",
    "NICKNAME_LENGTH",
    "TERMS_VERSION",
    "AgeBand",
    "Consent",
    "Person",
    "agree",
    "clean_nickname",
    "find_person",
    "get_person",
    "mark_reachable",
    "mark_unreachable",
    "require_adult",
    "set_genres",
    "set_language",
    "set_nickname",
    "set_picture",
]
