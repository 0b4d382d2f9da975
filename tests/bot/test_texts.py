"""What holds for the sentences of both languages as a whole."""

from __future__ import annotations

import re
from string import Formatter

import pytest

from bot.routes import COMMANDS
from bot.texts import LANGUAGES, SPEECH, catalogue

# The file of a month is named by its year in English only; nothing else says more in one language.
SAYS_MORE = {"pay.order_name"}
# Amounts end with 원 and days with 일 or a weekday; names, plans and titles may end with any sound.
AMOUNTS = {"amount", "back", "credit", "fee", "host_won", "new", "now", "odd", "price", "share", "total", "won"}
PARTICLE_THAT_HEARS = re.compile(
    r"\{(\w+)[^}]*\}(?:</b>)?[’”]?(?:은|는|이|가|을|를|과|와|으로|로|이에요|예요|이었어요|였어요)(?![가-힣])"
)


def fields(sentence: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(sentence) if name}


def test_both_languages_say_the_same_sentences_with_the_same_facts() -> None:
    korean, english = (catalogue(language) for language in ("ko", "en"))

    assert set(korean) == set(english)
    for key in set(korean) - SAYS_MORE:
        assert len({frozenset(fields(form)) for form in (*korean[key], *english[key])}) == 1, key


def test_a_particle_follows_only_what_always_ends_with_the_same_sound() -> None:
    heard = {
        (key, field)
        for key, forms in catalogue("ko").items()
        for form in forms
        for field in PARTICLE_THAT_HEARS.findall(form)
    }

    assert len(heard) > 30
    assert {key for key, field in heard if field not in AMOUNTS | {"day"}} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_names_every_command(language: str) -> None:
    told = set(re.findall(r"^/(\w+) ", SPEECH[language]("people.help"), re.MULTILINE))

    assert told == set(COMMANDS) - {"start", "help", "leave_room"}


def test_what_follows_a_silent_answer_is_dated_in_both_languages() -> None:
    for language in LANGUAGES:
        asked = SPEECH[language](
            "prices.preview", plan="P", old="1", new="2", from_day="the first", closes="the last day to answer"
        )

        assert asked.splitlines()[-1].count("the first") == 1
