"""A payment link opens the one bill it was made for, for its time, as it was written, and nothing else does."""

from __future__ import annotations

import secrets
import string
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from itsdangerous import URLSafeSerializer

from bot.web.links import LIFETIME, PURPOSE, LinkInvalid, PayLinks
from tests.promises import Promise

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
ADDRESS = "https://two.example"
ALPHABET = string.ascii_letters + string.digits + "-_."
BILLS = (1, 42, 10**9)


def is_accepted(links: PayLinks, token: str, now: datetime = NOW) -> bool:
    """Tell whether a token opens any bill."""
    try:
        links.read(token, now)
    except LinkInvalid:
        return False
    return True


def flipped(token: str) -> Iterator[str]:
    """Return a token with each single bit of it flipped, characters of no address included."""
    for place, character in enumerate(token):
        for bit in range(8):
            yield token[:place] + chr(ord(character) ^ 1 << bit) + token[place + 1 :]


def signed_by_us_for(other: str, key: bytes, content: object) -> str:
    """Return what the same key signs for another purpose."""
    return str(URLSafeSerializer(key, salt=other).dumps(content))


@pytest.mark.faults("tokens: flipped, foreign, old and random")
def test_no_token_but_the_one_that_was_made_is_accepted(promise: Promise) -> None:
    key, stranger = secrets.token_bytes(32), PayLinks(ADDRESS, [secrets.token_bytes(32)])
    links = PayLinks(ADDRESS, [key])
    tokens = {bill: links.token(bill, NOW) for bill in BILLS}
    length = len(tokens[BILLS[-1]])

    def attacks() -> Iterator[str]:
        for bill, token in tokens.items():
            yield from flipped(token)
            yield stranger.token(bill, NOW)
            content, _, signature = token.rpartition(".")
            yield from (f"{other.rpartition('.')[0]}.{signature}" for other in tokens.values() if other != token)
            yield from (content, f"{content}.", f".{signature}", f"{token}=", f"{token} ", token.upper(), token[::-1])
            for purpose in ("", "card-link", "telegram-webhook", PURPOSE.upper()):
                yield signed_by_us_for(purpose, key, [bill, int((NOW + LIFETIME).timestamp())])
        for _ in range(promise.size(small=10_000, full=100_000)):
            yield "".join(promise.rng.choices(ALPHABET, k=promise.rng.randint(1, 2 * length)))

    for attack in attacks():
        promise.tried += 1
        promise.wrong += is_accepted(links, attack)
    for bill, token in tokens.items():
        promise.tried += 2
        promise.lost += not is_accepted(links, token, NOW + LIFETIME - timedelta(seconds=1))
        promise.wrong += is_accepted(links, token, NOW + LIFETIME)
        assert links.read(token, NOW) == bill


@pytest.mark.faults
def test_a_link_whose_signature_nobody_checks_is_seen() -> None:
    """The control: read without its signature, a flipped token opens some bill."""

    class Careless(PayLinks):
        def read(self, token: str, now: datetime) -> int:
            _, content = self._serializer.loads_unsafe(token)
            if not isinstance(content, list) or len(content) != 2 or not isinstance(content[0], int):
                raise LinkInvalid
            return content[0]

    links = Careless(ADDRESS, [secrets.token_bytes(32)])

    assert any(is_accepted(links, attack) for attack in flipped(links.token(42, NOW)))
