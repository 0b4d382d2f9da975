import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.sandbox.telegram.html import TAGS, parse_html
from bot.sandbox.telegram.refusals import Refusal
from bot.sandbox.telegram.texts import cut, formatted, to_html, units, with_found


def test_tags_become_entities_counted_in_utf16_units() -> None:
    source = "🎬 <b>넷플릭스 <i>프리미엄</i></b> &lt;4,250원&gt;"

    text, entities = parse_html(source)

    assert text == "🎬 넷플릭스 프리미엄 <4,250원>"
    assert entities == [{"type": "bold", "offset": 3, "length": 9}, {"type": "italic", "offset": 8, "length": 4}]
    assert cut(text, 3, 9) == "넷플릭스 프리미엄"


def test_links_mentions_quotes_and_code_carry_what_they_point_to() -> None:
    source = (
        '<a href="https://two.example/pay?a=1&amp;b=2">결제</a><a href="tg://user?id=7">민수</a>'
        "<blockquote expandable>약관</blockquote><pre><code class='language-python'>x</code></pre>"
        '<tg-spoiler>비밀</tg-spoiler><tg-time unix="1790000000" format="D">그날</tg-time>'
    )

    _, entities = parse_html(source)

    assert entities == [
        {"type": "text_link", "offset": 0, "length": 2, "url": "https://two.example/pay?a=1&b=2"},
        {"type": "text_mention", "offset": 2, "length": 2, "user_id": 7},
        {"type": "expandable_blockquote", "offset": 4, "length": 2},
        {"type": "pre", "offset": 6, "length": 1, "language": "python"},
        {"type": "spoiler", "offset": 7, "length": 2},
        {"type": "date_time", "offset": 9, "length": 2, "unix_time": 1790000000, "date_time_format": "D"},
    ]


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("<b>굵게", 'Can\'t find end tag corresponding to start tag "b"'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("가<br>나", 'Unsupported start tag "br" at byte offset 3'),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b", "Unclosed start tag at byte offset 0"),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
        ("<a href>x</a>", 'Expected equal sign in declaration of an attribute of the tag "a" at byte offset 0'),
        ('<a href="x>y</a>', "Unclosed start tag at byte offset 0"),
        ("<a href=x/y>z</a>", "Unexpected end of name token at byte offset 8"),
        ("<tg-emoji emoji-id='no'>x</tg-emoji>", "Invalid custom emoji identifier specified"),
    ],
)
def test_broken_html_is_refused_in_telegrams_words(source: str, complaint: str) -> None:
    with pytest.raises(Refusal) as refused:
        parse_html(source)

    assert refused.value.description == f"Bad Request: can't parse entities: {complaint}"


def test_text_is_trimmed_and_its_entities_move_along() -> None:
    text, entities = formatted("  \n<b> 안녕 </b>\n ", "HTML", None, limit=10)

    assert text == "안녕"
    assert entities == [{"type": "bold", "offset": 0, "length": 2}]


def test_commands_links_and_mentions_are_found_outside_code_only() -> None:
    text, spans = parse_html("/my 😀 https://two.example/a, @friend_1 #파티 a@b.kr <code>/no</code>")

    found = [(span["type"], cut(text, span["offset"], span["length"])) for span in with_found(text, spans)]

    assert found == [
        ("bot_command", "/my"),
        ("url", "https://two.example/a"),
        ("mention", "@friend_1"),
        ("hashtag", "#파티"),
        ("email", "a@b.kr"),
        ("code", "/no"),
    ]


def test_an_entity_outside_the_text_is_refused() -> None:
    with pytest.raises(Refusal, match="entity beginning or end is outside of the text"):
        formatted("짧다", "", [{"type": "bold", "offset": 1, "length": 5}], limit=10)


spans = st.builds(
    lambda kind, offset, length, url: {"type": kind, "offset": offset, "length": length, "url": url},
    st.sampled_from(sorted(set(TAGS.values()))),
    st.integers(0, 30),
    st.integers(1, 30),
    st.sampled_from(["https://two.example/", "javascript:alert(1)", '"><script>']),
)


@settings(deadline=None)
@given(st.text(min_size=1, max_size=25), st.lists(spans, max_size=5))
def test_html_for_the_page_shows_the_same_text_and_no_tag_of_its_own(text: str, entities: list[dict[str, Any]]) -> None:
    inside = [span for span in entities if span["offset"] + span["length"] <= units(text)]

    html = to_html(text, inside)

    tags = re.findall(r"<[^>]*>", html)
    assert all(re.fullmatch(r"</?(b|i|u|s|code|pre|blockquote|span|a)( [^<>]*)?>", tag) for tag in tags)
    assert "javascript:" not in "".join(tags)
    without = re.sub(r"<[^>]*>", "", html)
    plain = without.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&#x27;", "'")
    if all(ord(char) < 0x10000 for char in text):
        assert plain.replace("&amp;", "&") == text
