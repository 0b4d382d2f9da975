"""Finding titles by what people really type, on both databases."""

from __future__ import annotations

import pytest

from core.clock import ManualClock
from core.db import Database
from core.errors import NotFound
from core.titles import Edition, Found, Title, TitleRefused, edition, get_title, import_titles, search
from core.titles.tables import SEARCH_TEXT_LENGTH
from tests.core.titles.shelf import SHELF, fill, title_row


async def find(db: Database, words: str, *, adult: bool = True, limit: int = 8) -> Found:
    async with db.read() as session:
        found = await search(session, words, adult=adult, limit=limit)
        session.expunge_all()
    return found


@pytest.mark.parametrize(
    ("words", "first"),
    [
        ("살인의 추억", 1),
        ("살인 의 추억", 1),
        ("살인의추억", 1),
        ("  추억   살인 ", 1),
        ("MEMORIES of murder", 1),
        ("memoriesofmurder", 1),
        ("ㅅㅇㅇㅊㅇ", 1),
        ("ㅅㅇㅇ ㅊㅇ", 1),
        ("봉준호 송강호 추억", 1),
        ("ㅂㅈㅎ ㅊㅇ", 1),
        ("마더", 2),
        ("mother", 2),
        ("mother!", 2),
        ("old boy", 3),
        ("amelie", 6),
        ("AMÉLIE", 6),
        ("dp", 9),
        ("D.P", 9),
        ("너의이름은", 8),
        ("howls", 11),
        ("bong joon ho parasite", 4),
    ],
)
async def test_what_people_type_finds_the_title_first(db: Database, clock: ManualClock, words: str, first: int) -> None:
    # 2 and 5 share a name: to let the older one win here it is the better known
    rows = [row | {"votes": 9000} if row["id"] == 2 else row for row in SHELF]
    await fill(db, clock.now(), rows)

    found = await find(db, words)

    assert found.titles[0].id == first


async def test_a_whole_name_comes_before_its_beginning_and_that_before_the_middle(
    db: Database, clock: ManualClock
) -> None:
    await fill(
        db,
        clock.now(),
        [
            title_row(1, "나의 도시", cast=[{"ko": "도시", "en": "Dosi"}], votes=50),
            title_row(2, "도시", votes=10),
            title_row(3, "도시의 밤", votes=900),
            title_row(4, "강", cast=[{"ko": "도시남", "en": "Dosinam"}], votes=99999),
        ],
    )

    found = await find(db, "도시")

    assert [title.id for title in found.titles] == [2, 3, 1, 4]
    assert found.total == 4


async def test_every_word_must_be_met(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())

    assert {title.id for title in (await find(db, "봉준호")).titles} == {1, 2, 4, 12}
    assert {title.id for title in (await find(db, "봉준호 송강호")).titles} == {1, 4, 12}
    assert (await find(db, "봉준호 박찬욱")).titles == []


@pytest.mark.parametrize(
    "words", ["", "   ", "!!!", "%", "_", "%%%", "\\", "'; drop table title; --", "|", "/", "없는작품"]
)
async def test_words_that_mean_nothing_find_nothing(db: Database, clock: ManualClock, words: str) -> None:
    await fill(db, clock.now())

    assert (await find(db, words)).total == 0


async def test_the_best_known_of_many_are_shown_and_the_rest_is_counted(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now(), [title_row(n, f"이야기 {n}", f"Story {n}", votes=n) for n in range(1, 31)])

    found = await find(db, "이야기", limit=8)

    assert [title.id for title in found.titles] == list(range(30, 22, -1))
    assert found.total == 30


async def test_a_teenager_finds_and_opens_nothing_that_is_for_adults(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())

    assert {title.id for title in (await find(db, "봉준호", adult=False)).titles} == {1, 4, 12}
    assert (await find(db, "오징어", adult=False)).total == 0
    async with db.read() as session:
        with pytest.raises(NotFound):
            await get_title(session, 3, adult=False)
        assert (await get_title(session, 3, adult=True)).name_ko == "올드보이"


async def test_an_unknown_title_is_not_found(db: Database) -> None:
    async with db.read() as session:
        with pytest.raises(NotFound):
            await get_title(session, 404, adult=True)


async def test_importing_again_changes_only_what_differs(db: Database, clock: ManualClock) -> None:
    await fill(db, clock.now())
    before = await _edition(db)
    clock.move_to(clock.now().replace(hour=4))

    async with db.write() as session:
        same = await import_titles(session, SHELF, clock.now())
    untouched = await _edition(db)
    async with db.write() as session:
        other = await import_titles(session, [SHELF[0] | {"votes": 4001}, title_row(99, "새 작품")], clock.now())

    assert (same.added, same.changed) == (0, 0)
    assert untouched == before
    assert (other.added, other.changed) == (1, 1)
    assert (await _edition(db)).titles == before.titles + 1
    assert (await find(db, "새작품")).total == 1


async def _edition(db: Database) -> Edition:
    async with db.read() as session:
        return await edition(session)


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "play"},
        {"genres": ["noir"]},
        {"certificate": "R"},
        {"vote": 10.1},
        {"votes": -1},
        {"name_ko": " "},
        {"name_en": "n" * 201},
        {"cast": [{"ko": "이름"}]},
    ],
)
async def test_a_wrong_row_is_refused_by_id_and_field_and_nothing_is_kept(
    db: Database, clock: ManualClock, wrong: dict[str, object]
) -> None:
    with pytest.raises(TitleRefused, match="title 7"):
        async with db.write() as session:
            await import_titles(session, [title_row(6), title_row(7) | wrong], clock.now())

    assert (await _edition(db)).titles == 0


async def test_the_longest_names_and_many_people_still_fit_and_are_found(db: Database, clock: ManualClock) -> None:
    cast = [{"ko": f"배우{n}" * 9, "en": f"actor {n}" * 9} for n in range(40)]
    await fill(db, clock.now(), [title_row(1, "가" * 200, "z" * 200, cast=cast)])

    async with db.read() as session:
        length = len((await session.get_one(Title, 1)).search_text)

    assert length <= SEARCH_TEXT_LENGTH
    assert (await find(db, "가" * 200)).total == 1
    assert (await find(db, "z" * 200)).total == 1
