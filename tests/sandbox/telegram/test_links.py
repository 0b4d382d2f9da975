import pytest

from bot.sandbox.telegram.links import checked_link, person_of_link


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://two.example", "https://two.example/"),
        ("two.example/pay?x=1#top", "http://two.example/pay?x=1#top"),
        ("two.example:8080/pay", "http://two.example:8080/pay"),
        ("HTTP://127.0.0.1:8080/pay/abc", "http://127.0.0.1:8080/pay/abc"),
        ("tg://resolve?domain=TwoDemoBot", "tg://resolve?domain=TwoDemoBot"),
    ],
)
def test_links_are_kept_as_telegram_writes_them(given: str, kept: str) -> None:
    assert checked_link(given) == kept


@pytest.mark.parametrize(
    "bad",
    [
        "http://localhost:8080/",
        "javascript:alert(1)",
        "https://",
        "https://two.example:port/",
        "http://a b.kr/",
        "word",
    ],
)
def test_other_links_are_refused(bad: str) -> None:
    with pytest.raises(ValueError, match=r"is invalid: (Wrong HTTP URL|Unsupported URL protocol)"):
        checked_link(bad)


def test_a_link_to_a_person_names_its_id() -> None:
    assert person_of_link("tg://user?id=7100000019") == 7100000019
    assert person_of_link("https://t.me/minsu") is None
