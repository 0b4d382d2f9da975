"""Titles, rating and recommending as screens: in both languages, within Telegram's limits, and true."""

from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.recommending import Explanation, Suggestion
from bot.screen import CALLBACK_BYTES, Screen
from bot.texts import SPEECH, Speech
from bot.views import filters as filter_views
from bot.views import people as people_views
from bot.views import picks as pick_views
from bot.views import recommend as recommend_views
from bot.views import titles as views
from bot.views.recommend import Entry, Page
from core.people import Person
from core.titles import AsidePage, Filters, Found, Mark, Title, TitleKind, ToRate
from recommender import Explained, Reason, Similar
from recommender.explain import Moved, StarTerm
from tests.bot.titles_shown import EN, KO, LARGEST_ID, LONG, NASTY, PERSON, SERVICES, text_of, title
from tests.core.titles.shelf import BONG, SHELF, SONG


def suggestion(reason: Reason, *because: Title, of: Title = LONG, stars: float = 4.24) -> Suggestion:
    return Suggestion(of, stars, reason, because, (9, 8)[: len(because)])


REASONS = [
    suggestion(Reason("because_you_rated", (1, 2)), LONG, LONG),
    suggestion(Reason("taste_like_yours")),
    suggestion(Reason("genre_you_like", (1,), ("drama", "crime")), LONG),
    suggestion(Reason("genre_you_like", (), ("drama", "crime"))),
    suggestion(Reason("people_you_like", (1,), (NASTY,)), LONG, LONG),
    suggestion(Reason("popular")),
    suggestion(Reason("little_known")),
    suggestion(Reason("little_known", (), ("drama", "crime"))),
    suggestion(Reason("little_known", (), (NASTY, "봉준호"))),
]
NAMED = {service.slug: service for service in SERVICES}
EVERY = Filters(("netflix", "tving"), TitleKind.SERIES, "documentary", "with_children")
LIKE = [
    Similar(1, 0.9, True, ("drama", "comedy"), (NASTY,)),
    Similar(1, 0.9, False, ("drama", "comedy"), (NASTY, "봉준호")),
    Similar(1, 0.9, False, (), ()),
]
_STARS: dict[StarTerm, float] = {
    "everybody": 3.5,
    "title": 0.4,
    "you": -0.2,
    "factors": 0.25,
    "neighbours": 0.1,
    "taste": -0.05,
}
EXPLAINED = Explanation(
    LONG,
    Explained(
        1,
        4.0,
        1520.4,
        {**_STARS, "linked": 0.0},
        {"near": 1234.4, "popularity": 300.0, "stars": 6.0, "taste": -20.0, "wishes": 0.0},
        tuple(Moved(number, 4.5, 600.0 - number) for number in range(1, 6)),
        False,
    ),
    dict.fromkeys(range(1, 6), LONG),
    12_345,
)
NOTHING = Explained(1, 3.5, 0.0, {"everybody": 3.5, "title": 0.0, "you": 0.0, "taste": 0.0}, {"near": 0.0}, (), True)


def page_of(shown: list[Suggestion], *, begin: int = 0, filters: Filters | None = None) -> Page:
    return Page([Entry(one.title, one) for one in shown], LARGEST_ID, begin, filters or Filters(), NAMED)


DONE = Page(
    [
        Entry(LONG, None, Mark.NOT_INTERESTED),
        Entry(LONG, None, Mark.SEEN),
        Entry(LONG, None, None, 9),
        Entry(LONG, None, Mark.SEEN, 10),
        Entry(LONG, None),
    ],
    LARGEST_ID,
    0,
    Filters(),
    NAMED,
)


def every_screen(say: Speech) -> list[Screen]:
    huge = LARGEST_ID
    return [
        views.ask_find(say),
        views.none_found(say, NASTY * 20),
        views.found(say, NASTY * 20, Found([LONG] * 8, 12345)),
        views.found(say, "봉", Found([LONG], 1)),
        *(views.card(say, LONG, SERVICES, stars) for stars in (None, 1, 10)),
        *(views.stars(say, LONG, SERVICES, stars) for stars in (None, 1, 10)),
        *(
            views.to_rate(say, ToRate(LONG, 99), 99999, n, last)
            for n, last in product((0, 9, 10, 500), (None, (LONG, 9)))
        ),
        views.goal_reached(say, LONG, 9, 99, 99999),
        views.stopped(say, 0),
        views.stopped(say, 1),
        views.stopped(say, 77),
        views.round_over(say),
        *(
            recommend_views.suggestions(say, PERSON, page_of([one] * 10, begin=190, filters=EVERY), ratings=ratings)
            for one in REASONS
            for ratings in (0, 1, 3, 10, 500)
        ),
        recommend_views.suggestions(say, PERSON, DONE, ratings=3),
        recommend_views.nothing_left(say, 0),
        recommend_views.nothing_left(say, 10),
        *(
            recommend_views.filtered_out(say, EVERY, dict.fromkeys((*EVERY.active, "all"), 12345), skipped, NAMED)
            for skipped in (0, 10)
        ),
        *(pick_views.card(say, one, SERVICES, (huge, 190)) for one in REASONS),
        *(pick_views.numbers(say, one, (huge, 190)) for one in (EXPLAINED, Explanation(LONG, NOTHING, {}, 0))),
        pick_views.similar(say, LONG, [(LONG, one) for one in LIKE] * 3),
        pick_views.similar(say, LONG, []),
        pick_views.how_was_it(say, LONG, (huge, 190)),
        *(filter_views.overview(say, filters, NAMED, hidden) for filters in (Filters(), EVERY) for hidden in (0, 99)),
        *(filter_views.services(say, filters, NAMED, [*NAMED]) for filters in (Filters(), EVERY)),
        filter_views.services(say, EVERY, NAMED, []),
        *(view(say, EVERY) for view in (filter_views.kinds, filter_views.genres, filter_views.moods)),
        filter_views.asides(say, AsidePage([(LONG, Mark.SEEN), (LONG, Mark.NOT_INTERESTED)] * 4, 8, 99), 8),
        filter_views.asides(say, AsidePage([], 0, 0), 8),
    ]


@pytest.mark.parametrize("language", ["ko", "en"])
def test_every_screen_stays_within_telegrams_limits_with_the_longest_and_nastiest_titles(language: str) -> None:
    for screen in every_screen(SPEECH[language]):
        assert text_of(screen)


def test_a_card_tells_everything_in_the_readers_language() -> None:
    memories = title(**SHELF[0])

    korean = text_of(views.card(KO, memories, SERVICES, 9))
    english = text_of(views.card(EN, memories, SERVICES, None))

    assert korean.splitlines() == [
        "살인의 추억 (2003)",
        "Memories of Murder",
        "영화 · 범죄·드라마 · 대한민국 · 15세 이상",
        "감독 봉준호",
        "출연 송강호",
        "보는 곳 넷플릭스, 티빙",
        "",
        "내 별점 ★ 4.5",
    ]
    assert english.splitlines() == [
        "Memories of Murder (2003)",
        "살인의 추억",
        "film · Crime, Drama · South Korea · 15+",
        "Directed by Bong Joon-ho",
        "With Song Kang-ho",
        "Watch on Netflix, TVING",
    ]


def test_a_title_with_one_name_shows_it_once() -> None:
    assert text_of(views.card(KO, title(name_ko="D.P.", name_en="D.P."), [], None)).count("D.P.") == 1


def test_any_half_star_is_two_taps_from_the_card() -> None:
    opened = [button for row in views.card(KO, title(id=7), [], None).rows for button in row]
    offered = [button for row in views.stars(KO, title(id=7), [], 7).rows for button in row]

    assert opened[0].data == "tstars:7"
    assert [button.data for button in offered[:10]] == [f"trate:7:{halves}" for halves in range(1, 11)]
    assert [button.text for button in offered[:10]][5:8] == ["★ 3.0", "✓ 3.5", "★ 4.0"]


def test_only_a_rated_card_offers_to_take_the_rating_back() -> None:
    def data(given: int | None) -> list[str | None]:
        return [button.data for row in views.card(KO, title(id=7), [], given).rows for button in row]

    assert "tdrop:7" not in data(None)
    assert "tdrop:7" in data(4)


def test_progress_counts_to_ten_and_then_only_on() -> None:
    card = ToRate(title(id=7), 3)

    assert "3/10" in text_of(views.to_rate(KO, card, 1, 3, None))
    assert "/10" not in text_of(views.to_rate(KO, card, 1, 10, None))
    assert "✓ 무제 ★ 4.5" in text_of(views.to_rate(KO, card, 1, 4, (title(), 9)))


def test_predicted_stars_and_numbers_stand_in_order() -> None:
    shown = [suggestion(Reason("popular"), of=title(id=n), stars=5 - n / 10) for n in (1, 2, 3)]
    page = Page([Entry(one.title, one) for one in shown], 7, 10, Filters(), NAMED)

    screen = recommend_views.suggestions(KO, PERSON, page, ratings=12)
    text = text_of(screen)

    assert [line for line in text.splitlines() if line[:2].isdigit()] == [
        "11. 무제 (2010) · 영화 · 예상 ★\u00a04.9",
        "12. 무제 (2010) · 영화 · 예상 ★\u00a04.8",
        "13. 무제 (2010) · 영화 · 예상 ★\u00a04.7",
    ]
    assert [(button.text, button.data) for button in screen.rows[0]] == [
        ("11", "pick:1:7:10"),
        ("12", "pick:2:7:10"),
        ("13", "pick:3:7:10"),
    ]
    assert [button.data for button in screen.rows[1]] == ["rec:7:0"]
    full = recommend_views.suggestions(KO, PERSON, page_of([shown[0]] * 10, begin=20), ratings=12)
    assert [button.data for button in full.rows[2]] == [f"rec:{LARGEST_ID}:10", f"rec:{LARGEST_ID}:30"]


def test_what_was_set_aside_stays_in_its_place_with_the_way_back() -> None:
    entries = [
        Entry(title(id=1), None, Mark.NOT_INTERESTED),
        Entry(title(id=2), None, Mark.SEEN),
        Entry(title(id=3), None, None, 9),
    ]

    screen = recommend_views.suggestions(KO, PERSON, Page(entries, 7, 0, Filters(), NAMED), ratings=12)

    assert text_of(screen).splitlines()[2::2] == [
        "1. 무제 · 앞으로 추천하지 않을게요",
        "2. 무제 · 이미 본 작품",
        "3. 무제 · 내 별점 ★ 4.5",
    ]
    assert [button.data for button in screen.rows[0]] == ["pback:1:7:0", "pback:2:7:0", "title:3"]


def test_the_list_says_what_it_was_filtered_by() -> None:
    shown = [suggestion(Reason("popular"), of=title())]

    text = text_of(recommend_views.suggestions(KO, PERSON, page_of(shown, filters=EVERY), ratings=12))

    assert text.splitlines()[1] == "🎛 넷플릭스·티빙 / 시리즈 / 다큐멘터리 / 아이와 함께 보는"


def test_a_filter_that_alone_would_bring_nothing_back_is_not_offered_and_the_best_comes_first() -> None:
    left = {"services": 0, "kind": 3, "genre": 40, "mood": 0, "all": 200}

    offered = [button.data for row in recommend_views.filtered_out(KO, EVERY, left, 0, NAMED).rows for button in row]

    assert offered == ["fltoff:genre", "fltoff:kind", "fltoff:all", "flt"]


def test_the_numbers_behind_a_pick_are_sums_with_the_ratings_that_moved_them() -> None:
    memories = title(**SHELF[0])
    told = Explanation(memories, EXPLAINED.numbers, {1: title(name_ko="마더"), 2: title(name_ko="괴물")}, 31)

    lines = text_of(pick_views.numbers(KO, told, (7, 10))).splitlines()

    assert lines == [
        "살인의 추억, 왜 추천했나요?",
        "",
        "예상 별점 ★ 4.0",
        "전체 별점 평균 3.50",
        "이 작품이 받은 평가 +0.40",
        "내가 별점을 주는 성향 -0.20",
        "취향이 비슷한 분들 +0.35",
        "장르, 감독, 배우 취향 -0.05",
        "",
        "목록 점수 +1,520 (보통 작품이 0이에요)",
        "내가 준 별점 +1,234",
        "인기 +300",
        "장르, 감독, 배우 취향 -20",
        "예상 별점 +6",
        "",
        "점수를 움직인 내 별점",
        "마더 ★ 4.5 → +599",
        "괴물 ★ 4.5 → +598",
        "",
        "이 작품에 대해 아는 것",
        "여기서 별점을 준 사람 31명",
        "외부 평점 10점 만점에 8.1점 (4,000명)",
    ]


MOTHER = title(id=2, name_ko="마더", name_en="Mother", genres=["crime", "drama"], director=[BONG])
HOST = title(id=3, name_ko="괴물", name_en="The Host", genres=["horror"], director=[BONG], cast=[SONG])


@pytest.mark.parametrize(
    ("reason", "because", "korean", "english"),
    [
        (
            Reason("because_you_rated", (2, 3)),
            (MOTHER, HOST),
            "‘마더’(★ 4.5)·‘괴물’(★ 4.0)에 높은 별점을 주셨어요",
            "You rated “Mother” (★ 4.5), “The Host” (★ 4.0) highly",
        ),
        (
            Reason("genre_you_like", (2,), ("crime", "thriller")),
            (MOTHER,),
            "높은 별점을 주신 ‘마더’처럼 범죄 장르예요",  # 마더 is no thriller
            "Crime, like “Mother”, which you rated highly",
        ),
        (
            Reason("genre_you_like", (), ("war",)),
            (),
            "좋아하는 장르로 고른 전쟁 작품이에요",
            "From your favourite genres: War",
        ),
        (
            Reason("people_you_like", (3,), ("봉준호", "원빈")),
            (HOST,),
            "높은 별점을 주신 ‘괴물’에도 함께한 봉준호 작품이에요",  # 원빈 is not in 괴물
            "With Bong Joon-ho, as in “The Host”, which you rated highly",
        ),
        (Reason("popular"), (), "많은 분이 좋아한 작품이에요", "Liked by many people"),
        (
            Reason("little_known", (), ("봉준호",)),
            (),
            "많은 분이 좋아하는 봉준호 작품이에요",
            "Many people like this: Bong Joon-ho",
        ),
        (
            Reason("little_known"),
            (),
            "아직 평가한 분은 적지만 한번 볼 만한 작품이에요",
            "Few have rated it yet, but it looks worth a try",
        ),
        (
            Reason("taste_like_yours"),
            (),
            "지금까지 준 별점에서 보이는 취향과 가까워요",
            "Close to the taste your ratings show",
        ),
        (
            Reason("because_you_rated", (404,)),  # the title is gone from the catalogue meanwhile
            (),
            "지금까지 준 별점에서 보이는 취향과 가까워요",
            "Close to the taste your ratings show",
        ),
    ],
)
def test_reasons_in_words(reason: Reason, because: tuple[Title, ...], korean: str, english: str) -> None:
    one = suggestion(reason, *because, of=title(id=9, director=[BONG], cast=[SONG]))

    assert recommend_views.reason(KO, one) == korean
    assert recommend_views.reason(EN, one) == english


def test_the_introduction_says_how_much_the_list_knows() -> None:
    def begins(ratings: int, genres: list[str]) -> str:
        person = Person(id=1, nickname="지우", genres=genres)
        shown = [suggestion(Reason("popular"), of=title())]
        return text_of(recommend_views.suggestions(KO, person, page_of(shown), ratings=ratings)).splitlines()[0]

    assert "아직 별점이 없어서 많은 분이" in begins(0, [])
    assert "좋아하는 장르" in begins(0, ["drama"])
    assert "10개를 채우면" in begins(3, [])
    assert "별점 12개를 보고 지우님께 골라 드렸어요" in begins(12, [])


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=80))
def test_words_not_understood_can_be_looked_up_whenever_they_fit_a_button(text: str) -> None:
    button = views.find_button(KO, text)

    words = " ".join(text.split())
    assert (button is not None) == (0 < len(words.encode()) <= CALLBACK_BYTES - len("find:"))
    if button is not None:
        assert button.data == f"find:{words}"


def test_words_not_understood_offer_the_search_first_and_long_ones_do_not() -> None:
    short, long = people_views.not_understood(KO, "살인의 추억"), people_views.not_understood(KO, "긴 " * 40)

    assert short.rows[0][0].text == "🔎 ‘살인의 추억’ 작품 찾기"
    assert short.rows[0][0].data == "find:살인의 추억"
    assert all(not (button.data or "").startswith("find:") for row in long.rows for button in row)
    assert text_of(short)
    assert text_of(long)
