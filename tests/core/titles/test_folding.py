"""What counts in a search and what does not."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.titles.folding import fold, fold_words, initials, search_text

HANGUL = st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=12)


@given(st.text(max_size=60))
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
def test_a_folded_text_is_letters_and_digits_only(text: str) -> None:
    assert all(c.isalnum() for c in fold(text))


@given(HANGUL)
def test_decomposed_hangul_from_a_mac_folds_like_whole_syllables(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(text) == text


@given(HANGUL, st.lists(st.integers(0, 12), max_size=4))
def test_spaces_and_signs_inside_a_korean_name_do_not_count(name: str, places: list[int]) -> None:
    spaced = name
    for place in places:
        spaced = f"{spaced[:place]} {spaced[place:]}."

    assert fold(spaced) == fold(name)
    assert "".join(fold_words(spaced)) == fold(name)


@given(HANGUL)
def test_initials_are_one_lone_consonant_for_each_syllable_and_fold_to_themselves(name: str) -> None:
    cut = initials(fold(name))

    assert len(cut) == len(name)
    assert all("ㄱ" <= c <= "ㅎ" for c in cut)
    assert fold(cut) == cut


@given(st.text(st.characters(codec="latin-1"), max_size=40))
def test_case_does_not_count(text: str) -> None:
    assert fold(text.upper().lower()) == fold(text.lower())


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Amélie", "amelie"),
        ("HOWL’S Moving-Castle", "howlsmovingcastle"),
        ("살인의 추억", "살인의추억"),
        ("ㅅㅇㅇ ㅊㅇ", "ㅅㅇㅇㅊㅇ"),
        ("ㄳ", "ㄱㅅ"),
        ("ＳＦ８", "sf8"),
        ("82년생 김지영", "82년생김지영"),
        ("!?…", ""),
        ("Straße", "strasse"),
    ],
)
def test_examples_of_folding(typed: str, folded: str) -> None:
    assert fold(typed) == folded


def test_a_name_without_hangul_has_no_initials() -> None:
    assert initials("dp") == ""
    assert initials("82년생") == "82ㄴㅅ"


def test_a_text_too_long_for_its_column_loses_people_before_names() -> None:
    text = search_text(["살인의 추억", "Memories of Murder"], ["봉준호", "송강호" * 40], 60)

    assert len(text) <= 60
    assert text == "|살인의추억|memoriesofmurder|ㅅㅇㅇㅊㅇ|/봉준호/ㅂㅈㅎ/"


@given(st.lists(st.text(max_size=200), max_size=6), st.lists(st.text(max_size=200), max_size=12))
def test_no_search_text_is_longer_than_its_column(names: list[str], people: list[str]) -> None:
    assert len(search_text(names, people, 300)) <= 300
