"""The demo catalogue holds real titles, well formed; its crowd has tastes that can be learned."""

import re
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache
from hashlib import sha256
from importlib.resources import files
from itertools import combinations
from statistics import fmean

import numpy as np
import pytest

from bot.sandbox.catalogue import GENRES, SERVICES, CrowdRating, Title, crowd, load_titles

TITLES = load_titles()
BY_ID = {title.id: title for title in TITLES}
SEED = 20261122
SEEDS = (SEED, 1, 2)
crowd_of = cache(crowd)
CROWD = crowd_of(SEED)

HANGUL = re.compile("[가-힣]")
CERTIFICATES = {"film": {"all", "12", "15", "18"}, "series": {"all", "12", "15", "19"}}
# Released in Korea under a name without a Hangul letter.
LATIN_OR_DIGITS = {"1987", "1917", "W", "D.P.", "LTNS"}


def titled(name_ko: str, year: int) -> Title:
    """Return the one title of this name and year."""
    (found,) = (title for title in TITLES if (title.name_ko, title.year) == (name_ko, year))
    return found


# --- the titles


def test_there_are_at_least_three_hundred_and_twenty_titles_and_about_half_are_korean() -> None:
    korean = sum("KR" in title.country for title in TITLES) / len(TITLES)
    kinds = Counter(title.kind for title in TITLES)

    assert len(TITLES) >= 320
    assert 0.5 <= korean <= 0.6
    assert min(kinds["film"], kinds["series"]) >= 100


def test_ids_are_unique_ordered_and_apart_from_those_of_the_other_kind() -> None:
    ids = [title.id for title in TITLES]

    assert ids == sorted(set(ids))
    assert all(1000 < title.id < 5000 if title.kind == "film" else title.id > 5000 for title in TITLES)


@pytest.mark.parametrize("language", ["ko", "en"])
def test_no_two_titles_share_name_and_year(language: str) -> None:
    names = Counter((getattr(title, f"name_{language}").casefold(), title.year) for title in TITLES)

    assert [name for name, count in names.items() if count > 1] == []


def test_genres_services_and_kinds_come_from_the_fixed_lists() -> None:
    for title in TITLES:
        assert title.kind in {"film", "series"}, title
        assert 1 <= len(title.genres) <= 6 and set(title.genres) <= set(GENRES), title
        assert 1 <= len(title.services) <= 4 and set(title.services) <= set(SERVICES), title
        assert len(set(title.genres)) == len(title.genres), title
        assert len(set(title.services)) == len(title.services), title
    assert {genre for title in TITLES for genre in title.genres} == set(GENRES)
    assert {service for title in TITLES for service in title.services} == set(SERVICES)


def test_korean_names_are_hangul_unless_the_title_was_released_in_letters_or_digits() -> None:
    assert {title.name_ko for title in TITLES if not HANGUL.search(title.name_ko)} == LATIN_OR_DIGITS
    assert not any(HANGUL.search(title.name_en) for title in TITLES)


def test_years_countries_languages_certificates_and_votes_are_sane() -> None:
    for title in TITLES:
        assert 1950 <= title.year <= 2026, title
        assert title.country and all(re.fullmatch("[A-Z]{2}", country) for country in title.country), title
        assert re.fullmatch("[a-z]{2}", title.language), title
        assert title.certificate in CERTIFICATES[title.kind], title
        assert 5.0 <= title.vote <= 9.5, title
        assert 10 <= title.votes <= 50_000, title


def test_every_title_has_directors_and_two_to_four_of_its_cast_in_both_scripts() -> None:
    for title in TITLES:
        assert 1 <= len(title.director) <= 3, title
        assert 2 <= len(title.cast) <= 4, title
        for people in (title.director, title.cast):
            assert len(set(people)) == len(people), title
        for person in (*title.director, *title.cast):
            assert HANGUL.search(person.ko), person
            assert person.en and not HANGUL.search(person.en), person


def test_one_person_is_written_one_way_throughout() -> None:
    people = {person for title in TITLES for person in (*title.director, *title.cast)}

    english = Counter(person.en for person in people)
    korean = defaultdict(set)
    for person in people:
        korean[person.ko].add(person.en)

    assert [name for name, count in english.items() if count > 1] == []
    # Two namesakes each: the actors, and a director written otherwise in English.
    assert {name for name, spellings in korean.items() if len(spellings) > 1} == {"이병헌", "이주영"}


def test_no_name_carries_stray_blanks() -> None:
    names = [name for title in TITLES for name in (title.name_ko, title.name_en)]
    names += [name for title in TITLES for who in (*title.director, *title.cast) for name in (who.ko, who.en)]

    assert [name for name in names if name != " ".join(name.split())] == []


def test_one_title_stands_on_each_line_of_the_file() -> None:
    lines = files("bot.sandbox.catalogue").joinpath("titles.json").read_text(encoding="utf-8").splitlines()

    assert (lines[0], lines[-1]) == ("[", "]")
    assert [int(match[1]) for line in lines[1:-1] if (match := re.match(r'\{"id": (\d+),', line))] == list(BY_ID)


@pytest.mark.parametrize(
    ("name_ko", "year", "director", "actor"),
    [
        ("살인의 추억", 2003, "Bong Joon-ho", "Song Kang-ho"),
        ("올드보이", 2003, "Park Chan-wook", "Choi Min-sik"),
        ("기생충", 2019, "Bong Joon-ho", "Cho Yeo-jeong"),
        ("도깨비", 2016, "Kim Eun-sook", "Gong Yoo"),
        ("오징어 게임", 2021, "Hwang Dong-hyuk", "Lee Jung-jae"),
        ("센과 치히로의 행방불명", 2001, "Hayao Miyazaki", "Miyu Irino"),
        ("인터스텔라", 2014, "Christopher Nolan", "Anne Hathaway"),
        ("극한직업", 2019, "Lee Byeong-heon", "Ryu Seung-ryong"),
    ],
)
def test_what_everybody_knows_is_right(name_ko: str, year: int, director: str, actor: str) -> None:
    title = titled(name_ko, year)

    assert director in {person.en for person in title.director}
    assert actor in {person.en for person in title.cast}


# --- the crowd


def test_the_same_seed_gives_the_same_crowd_in_another_process() -> None:
    script = (
        "from hashlib import sha256; from bot.sandbox.catalogue import crowd; "
        f"print(sha256(repr(crowd({SEED}, 20)).encode()).hexdigest())"
    )

    told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout.strip()

    assert told == sha256(repr(crowd(SEED, 20)).encode()).hexdigest()


def test_the_crowd_is_the_same_on_every_machine() -> None:
    ratings = crowd(1, 1, TITLES[:40])

    first = [(BY_ID[rating.title_id].name_ko, rating.stars) for rating in ratings[:5]]

    assert first == [("복수는 나의 것", 3.0), ("옥자", 2.5), ("곡성", 2.5), ("악마를 보았다", 2.5), ("기생충", 2.5)]


def test_another_seed_gives_another_crowd() -> None:
    assert crowd(1, 5) != crowd(2, 5)


def test_a_smaller_crowd_begins_the_larger_one() -> None:
    assert crowd(SEED, 30) == [rating for rating in CROWD if rating.person <= 30]


def test_each_person_rates_twenty_to_sixty_titles_once_each_in_half_stars() -> None:
    pairs = Counter((rating.person, rating.title_id) for rating in CROWD)
    counts = Counter(rating.person for rating in CROWD)

    assert set(counts) == set(range(1, 241))
    assert all(20 <= count <= 60 for count in counts.values())
    assert max(pairs.values()) == 1
    assert {rating.stars for rating in CROWD} <= {half / 2 for half in range(1, 11)}
    assert {rating.title_id for rating in CROWD} <= set(BY_ID)


def test_famous_titles_are_rated_often_and_the_mean_is_plausible() -> None:
    counts = sorted(Counter(rating.title_id for rating in CROWD).values(), reverse=True)

    head = sum(counts[: len(TITLES) // 10]) / len(CROWD)

    assert 0.25 <= head <= 0.6
    assert 3.3 <= fmean(rating.stars for rating in CROWD) <= 4.0


def test_an_empty_catalogue_or_nobody_gives_no_ratings() -> None:
    assert crowd(SEED, 10, []) == []
    assert crowd(SEED, 0) == []


def test_a_tiny_catalogue_is_rated_whole() -> None:
    ratings = crowd(SEED, 3, TITLES[:4])

    assert Counter(rating.person for rating in ratings) == {1: 4, 2: 4, 3: 4}


# --- the crowd is not noise: what one half of the ratings teaches holds in the other half


def split(ratings: Sequence[CrowdRating]) -> tuple[list[CrowdRating], list[CrowdRating]]:
    """Keep every fifth rating for the examination."""
    return [r for i, r in enumerate(ratings) if i % 5], [r for i, r in enumerate(ratings) if not i % 5]


def rmse(predict: Callable[[CrowdRating], float], ratings: Iterable[CrowdRating]) -> float:
    """Return the root of the mean squared error."""
    return float(np.sqrt(fmean((predict(rating) - rating.stars) ** 2 for rating in ratings)))


def biases(ratings: Sequence[CrowdRating]) -> tuple[float, Mapping[int, float], Mapping[int, float]]:
    """Return the mean, how kind each person is and how good each title is, both damped."""
    mean = fmean(rating.stars for rating in ratings)
    kind: dict[int, float] = defaultdict(float)
    good: dict[int, float] = defaultdict(float)
    by_person, by_title = defaultdict(list), defaultdict(list)
    for rating in ratings:
        by_person[rating.person].append(rating)
        by_title[rating.title_id].append(rating)
    for _ in range(5):
        for title, rows in by_title.items():
            good[title] = sum(r.stars - mean - kind[r.person] for r in rows) / (len(rows) + 5)
        for person, rows in by_person.items():
            kind[person] = sum(r.stars - mean - good[r.title_id] for r in rows) / (len(rows) + 5)
    return mean, kind, good


def residuals(ratings: Sequence[CrowdRating], taught: Sequence[CrowdRating]) -> list[tuple[CrowdRating, float]]:
    """Return what biases learned from `taught` leave unexplained of `ratings`."""
    mean, kind, good = biases(taught)
    return [(r, r.stars - mean - kind[r.person] - good[r.title_id]) for r in ratings]


def item_item(taught: Sequence[CrowdRating]) -> Callable[[CrowdRating], float]:
    """Predict from the person's ratings of similar titles; two titles are similar when liked by the same persons."""
    mean, kind, good = biases(taught)
    column = {title: i for i, title in enumerate(BY_ID)}
    table = np.zeros((max(r.person for r in taught) + 1, len(column)))
    for rating, rest in residuals(taught, taught):
        table[rating.person, column[rating.title_id]] = rest
    likeness = table.T @ table
    norms = np.sqrt(np.diag(likeness)) + 1e-9
    likeness /= np.outer(norms, norms)
    np.fill_diagonal(likeness, 0)

    def predict(rating: CrowdRating) -> float:
        row, weights = table[rating.person], likeness[column[rating.title_id]]
        pull = float(weights @ row / (np.abs(weights[row != 0]).sum() + 1.0))
        return mean + kind[rating.person] + good[rating.title_id] + pull

    return predict


def genre_taste(ratings: Iterable[tuple[CrowdRating, float]]) -> dict[tuple[int, str], float]:
    """Return by how much each person rates each genre above what biases say, damped."""
    rests = defaultdict(list)
    for rating, rest in ratings:
        for genre in BY_ID[rating.title_id].genres:
            rests[rating.person, genre].append(rest)
    return {key: sum(values) / (len(values) + 2) for key, values in rests.items()}


def genre_model(taught: Sequence[CrowdRating]) -> Callable[[CrowdRating], float]:
    """Predict from biases and the person's taste in the title's genres."""
    mean, kind, good = biases(taught)
    taste = genre_taste(residuals(taught, taught))

    def predict(rating: CrowdRating) -> float:
        liked = fmean(taste.get((rating.person, genre), 0.0) for genre in BY_ID[rating.title_id].genres)
        return mean + kind[rating.person] + good[rating.title_id] + liked

    return predict


def shuffled(ratings: Sequence[CrowdRating]) -> list[CrowdRating]:
    """Return the same crowd with everybody's stars dealt anew among the titles that this person has rated."""
    dice = np.random.default_rng(SEED)
    mine = defaultdict(list)
    for rating in ratings:
        mine[rating.person].append(rating.stars)
    dealt = {person: iter(dice.permutation(stars)) for person, stars in mine.items()}
    return [CrowdRating(r.person, r.title_id, float(next(dealt[r.person]))) for r in ratings]


def test_titles_differ_in_quality_so_biases_beat_the_mean() -> None:
    taught, asked = split(CROWD)
    mean, kind, good = biases(taught)

    plain = rmse(lambda _: mean, asked)

    assert rmse(lambda r: mean + kind[r.person] + good[r.title_id], asked) < 0.93 * plain


@pytest.mark.parametrize("model", [item_item, genre_model])
@pytest.mark.parametrize("seed", SEEDS)
def test_tastes_can_be_learned_so_a_simple_model_beats_biases_and_the_mean(
    model: Callable[[Sequence[CrowdRating]], Callable[[CrowdRating], float]], seed: int
) -> None:
    taught, asked = split(crowd_of(seed))
    mean, kind, good = biases(taught)

    learned = rmse(model(taught), asked)

    assert learned < 0.985 * rmse(lambda r: mean + kind[r.person] + good[r.title_id], asked)
    assert learned < 0.9 * rmse(lambda _: mean, asked)


@pytest.mark.parametrize("model", [item_item, genre_model])
def test_nothing_can_be_learned_once_everybodys_stars_are_shuffled(
    model: Callable[[Sequence[CrowdRating]], Callable[[CrowdRating], float]],
) -> None:
    taught, asked = split(shuffled(CROWD))
    mean, kind, good = biases(taught)

    learned = rmse(model(taught), asked)

    assert learned > 0.995 * rmse(lambda r: mean + kind[r.person] + good[r.title_id], asked)


def test_whoever_prefers_one_genre_to_another_still_does_in_the_ratings_kept_back() -> None:
    ratings = [
        CrowdRating(240 * i + r.person, r.title_id, r.stars) for i, seed in enumerate(SEEDS) for r in crowd_of(seed)
    ]
    taught, asked = split(ratings)
    common = [genre for genre, _ in Counter(genre for title in TITLES for genre in title.genres).most_common(12)]
    taste = genre_taste(residuals(taught, taught))
    kept = residuals(asked, taught)

    gaps = {}
    for one, other in combinations(common, 2):
        prefer = {p: taste.get((p, one), 0.0) - taste.get((p, other), 0.0) for p in {r.person for r in ratings}}
        only_one = [(prefer[r.person], x) for r, x in kept if in_first_only(r, one, other)]
        only_other = [(prefer[r.person], x) for r, x in kept if in_first_only(r, other, one)]
        gaps[one, other] = gap(only_one) - gap(only_other)

    assert {pair: round(value, 2) for pair, value in gaps.items() if value <= 0} == {}
    assert fmean(gaps.values()) > 0.25


def in_first_only(rating: CrowdRating, one: str, other: str) -> bool:
    """Tell whether the rated title has the one genre and not the other."""
    genres = BY_ID[rating.title_id].genres
    return one in genres and other not in genres


def gap(rows: Sequence[tuple[float, float]]) -> float:
    """Return how much higher those with the stronger preference rate than the rest."""
    middle = float(np.median([preference for preference, _ in rows]))
    return fmean(x for p, x in rows if p > middle) - fmean(x for p, x in rows if p <= middle)
