"""The plan catalogue's data: its shape, its price history and the arithmetic of extra members."""

import json
import re
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from typing import Any

import pytest

CATALOGUE: dict[str, Any] = json.loads(files("core.catalogue").joinpath("plans.json").read_text(encoding="utf-8"))
SERVICES: list[dict[str, Any]] = CATALOGUE["services"]
PLANS: dict[str, dict[str, Any]] = {plan["slug"]: plan for service in SERVICES for plan in service["plans"]}

SERVICE_KEYS = {"slug", "name_ko", "name_en", "risk_note_ko", "risk_note_en", "tmdb_provider_ids", "emoji", "plans"}
PLAN_KEYS = {
    "slug", "name_ko", "name_en", "streams", "profiles", "downloads", "household_rule", "invite_method",
    "seats_min", "seats_max", "adult_auth", "confidence", "source", "prices",
}  # fmt: skip
INVITES_OF_RULE = {
    "none": {"credentials"},
    "same_household": {"credentials"},
    "extra_member_paid": {"extra_member_invite"},
    "family_group": {"family_group"},
    "not_shareable": {"none"},
}
EXTRA_MEMBER_WON = 5_000
SLUG = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
HANGUL = re.compile("[가-힣]")


def current_price(slug: str) -> int:
    """Return the price that has no end."""
    (price,) = (price["price_won"] for price in PLANS[slug]["prices"] if price["valid_to"] is None)
    return int(price)


def plans_with_extra_members() -> Iterator[tuple[str, str, int]]:
    """Yield (slug, slug of the plan below it, number of extra members)."""
    for slug in PLANS:
        if found := re.fullmatch(r"(.+)-extra-(\d)", slug):
            yield slug, found[1], int(found[2])


def test_every_service_and_plan_has_exactly_the_known_fields() -> None:
    assert set(CATALOGUE) == {"checked_on", "services"}
    assert date.fromisoformat(CATALOGUE["checked_on"]) == date(2026, 11, 22)
    for service in SERVICES:
        assert set(service) == SERVICE_KEYS, service["slug"]
        assert service["plans"], service["slug"]
    for slug, plan in PLANS.items():
        assert set(plan) == PLAN_KEYS, slug


def test_slugs_are_plain_and_unique_and_a_plan_carries_its_service_in_its_slug() -> None:
    service_slugs = [service["slug"] for service in SERVICES]
    plan_slugs = [plan["slug"] for service in SERVICES for plan in service["plans"]]

    assert len(set(service_slugs)) == len(service_slugs)
    assert len(set(plan_slugs)) == len(plan_slugs)
    assert all(SLUG.fullmatch(slug) for slug in service_slugs + plan_slugs)
    assert all(plan["slug"].startswith(f"{service['slug']}-") for service in SERVICES for plan in service["plans"])


def test_names_are_given_in_both_languages_and_never_twice_within_a_service() -> None:
    for service in SERVICES:
        for language in ("ko", "en"):
            names = [plan[f"name_{language}"] for plan in service["plans"]]
            assert len(set(names)) == len(names), service["slug"]
            assert all(name and name == name.strip() for name in [*names, service[f"name_{language}"]])
        assert all(HANGUL.search(plan["name_ko"]) for plan in service["plans"])
        assert not any(HANGUL.search(plan["name_en"]) for plan in service["plans"])


def test_a_risk_is_told_in_both_languages_or_in_none() -> None:
    told = {service["slug"] for service in SERVICES if service["risk_note_ko"]}

    assert "watcha" in told
    for service in SERVICES:
        assert bool(service["risk_note_ko"]) == bool(service["risk_note_en"])
        if service["risk_note_ko"]:
            assert HANGUL.search(service["risk_note_ko"])
            assert service["risk_note_ko"].endswith("요.")
            assert not HANGUL.search(service["risk_note_en"])


def test_each_service_has_its_own_mark() -> None:
    marks = [service["emoji"] for service in SERVICES]

    assert all(marks)
    assert len(set(marks)) == len(marks)


def test_an_outside_provider_belongs_to_one_service_or_to_the_bundle_of_two() -> None:
    ids = {service["slug"]: service["tmdb_provider_ids"] for service in SERVICES}

    alone = [number for slug, numbers in ids.items() if slug != "tving-wavve" for number in numbers]

    assert len(set(alone)) == len(alone)
    assert sorted(ids["tving-wavve"]) == sorted(ids["tving"] + ids["wavve"])
    assert all(isinstance(number, int) and number > 0 for number in alone)


@pytest.mark.parametrize("slug", PLANS)
def test_the_way_in_fits_the_sharing_rule(slug: str) -> None:
    plan = PLANS[slug]

    assert plan["invite_method"] in INVITES_OF_RULE[plan["household_rule"]]
    assert plan["confidence"] in {"high", "medium", "low"}
    assert plan["adult_auth"] in {True, False}
    assert plan["source"]
    assert "http" not in plan["source"]


@pytest.mark.parametrize("slug", PLANS)
def test_seats_never_exceed_what_the_plan_can_carry(slug: str) -> None:
    plan = PLANS[slug]

    if plan["household_rule"] == "not_shareable":
        assert (plan["seats_min"], plan["seats_max"]) == (1, 1)
    else:
        assert 2 <= plan["seats_min"] <= plan["seats_max"]
        assert plan["streams"] is not None and plan["seats_max"] <= plan["streams"]
    for count in ("streams", "profiles", "downloads"):
        assert plan[count] is None or plan[count] >= 1
    if plan["profiles"] is not None:
        assert plan["seats_max"] <= plan["profiles"]


@pytest.mark.parametrize("slug", PLANS)
def test_prices_follow_one_another_without_gap_or_overlap_up_to_now(slug: str) -> None:
    prices = PLANS[slug]["prices"]
    checked_on = date.fromisoformat(CATALOGUE["checked_on"])

    starts = [date.fromisoformat(price["valid_from"]) for price in prices]
    ends = [price["valid_to"] and date.fromisoformat(price["valid_to"]) for price in prices]

    assert starts == sorted(set(starts))
    assert ends == [*starts[1:], None]
    assert starts[-1] <= checked_on
    assert all(isinstance(price["price_won"], int) and 1_000 <= price["price_won"] <= 50_000 for price in prices)
    assert all(price["price_won"] % 10 == 0 for price in prices)


@pytest.mark.parametrize(("slug", "below", "extra"), list(plans_with_extra_members()))
def test_extra_members_cost_five_thousand_won_each_and_a_seat_each(slug: str, below: str, extra: int) -> None:
    plan = PLANS[slug]

    assert current_price(slug) == current_price(below) + extra * EXTRA_MEMBER_WON
    assert plan["seats_min"] == plan["seats_max"] == 1 + extra
    assert plan["household_rule"] == "extra_member_paid"
    assert all(plan[count] == PLANS[below][count] for count in ("streams", "profiles", "downloads"))


def test_every_plan_with_paid_extra_members_is_derived_from_a_plan() -> None:
    derived = {slug for slug, _, _ in plans_with_extra_members()}

    assert derived == {slug for slug, plan in PLANS.items() if plan["household_rule"] == "extra_member_paid"}


@pytest.mark.parametrize("service", SERVICES, ids=[service["slug"] for service in SERVICES])
def test_plans_that_need_no_password_come_first_and_those_not_offered_last(service: dict[str, Any]) -> None:
    order = {"extra_member_invite": 0, "family_group": 0, "credentials": 1, "none": 2}

    ranks = [order[plan["invite_method"]] for plan in service["plans"]]

    assert ranks == sorted(ranks)


def test_the_prices_people_know_are_the_prices_given() -> None:
    known = {
        "netflix-ads": 7_000, "netflix-standard": 13_500, "netflix-premium": 17_000,
        "netflix-standard-extra-1": 18_500, "netflix-premium-extra-2": 27_000,
        "disney-plus-standard": 9_900, "disney-plus-premium": 13_900,
        "tving-ads": 5_500, "tving-basic": 9_500, "tving-standard": 13_500, "tving-premium": 17_000,
        "tving-premium-extra-3": 32_000,
        "wavve-ads": 5_500, "wavve-basic": 7_900, "wavve-standard": 10_900, "wavve-premium": 13_900,
        "tving-wavve-ads": 7_000, "tving-wavve-premium": 19_500,
        "watcha-basic": 7_900, "watcha-premium": 12_900,
        "coupang-play-wow": 7_890, "coupang-play-wow-sports": 7_890 + 9_900,
        "apple-tv-family": 6_500, "youtube-premium-single": 14_900, "youtube-premium-lite": 8_500,
        "laftel-premium": 14_900,
    }  # fmt: skip

    assert {slug: current_price(slug) for slug in known} == known


def test_netflix_with_ads_became_dearer_on_the_ninth_of_may_2025() -> None:
    before, now = PLANS["netflix-ads"]["prices"]

    assert (before["price_won"], before["valid_to"]) == (5_500, "2025-05-09")
    assert (now["price_won"], now["valid_from"]) == (7_000, "2025-05-09")


def test_what_may_not_be_shared_is_listed_but_not_offered() -> None:
    not_offered = {slug for slug, plan in PLANS.items() if plan["seats_max"] == 1}

    assert {
        "youtube-premium-single",
        "youtube-premium-lite",
        "coupang-play-wow",
        "coupang-play-wow-sports",
        "tving-basic",
        "wavve-basic",
        "watcha-basic",
    } == not_offered
