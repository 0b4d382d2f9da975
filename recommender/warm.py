"""Compiles the recommender's loops ahead of time: `python -m recommender.warm`, once after installing."""

from recommender import Ratings, Title, Titles, train


def warm() -> None:
    """Train on a few ratings and answer, so that the compiled loops are on disk before anybody waits for them."""
    titles = Titles(Title(number, year=2000 + number, genres=("drama",)) for number in range(6))
    pairs = [(person, title) for person in range(8) for title in range(5)]
    users, rated = zip(*pairs, strict=True)
    ratings = Ratings(users, rated, [1.0 + (person + title) % 5 for person, title in pairs])
    train(ratings, titles, tier="full").predict_all(ratings)


if __name__ == "__main__":
    warm()
