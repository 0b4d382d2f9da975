"""What is sealed opens for its own cell only, and not after a single flipped bit."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode

import pytest

from core.sealing import KEY_BYTES, Seal, SealBroken

CELL = "payout_account:7:number"


def ring(*names: str) -> dict[str, bytes]:
    return {name: os.urandom(KEY_BYTES) for name in names}


def test_what_was_sealed_opens_for_its_cell() -> None:
    seal = Seal(ring("a"))
    assert seal.open(seal.close("110-123-456789", CELL), CELL) == "110-123-456789"


def test_two_seals_of_one_secret_differ_and_show_nothing_of_it() -> None:
    seal = Seal(ring("a"))
    first, second = seal.close("110-123-456789", CELL), seal.close("110-123-456789", CELL)
    assert first != second
    assert first.isascii()
    assert "123" not in repr(seal)


def test_another_cell_does_not_open_it() -> None:
    seal = Seal(ring("a"))
    with pytest.raises(SealBroken):
        seal.open(seal.close("secret", CELL), "payout_account:8:number")


def test_a_new_first_key_seals_and_the_old_one_still_opens() -> None:
    keys = ring("old", "new")
    old = Seal({"old": keys["old"]}).close("secret", CELL)
    rotated = Seal({"new": keys["new"], "old": keys["old"]})
    assert rotated.open(old, CELL) == "secret"
    assert rotated.close("secret", CELL).startswith("s1.new.")
    with pytest.raises(SealBroken):
        Seal({"new": keys["new"]}).open(old, CELL)


def test_no_flipped_bit_opens() -> None:
    seal = Seal(ring("a"))
    version, name, body = seal.close("secret", CELL).split(".")
    raw = urlsafe_b64decode(body)
    for bit in range(len(raw) * 8):
        flipped = bytearray(raw)
        flipped[bit // 8] ^= 1 << bit % 8
        with pytest.raises(SealBroken):
            seal.open(f"{version}.{name}.{urlsafe_b64encode(flipped).decode()}", CELL)


@pytest.mark.parametrize("word", ["", "s1", "s1.a", "s1.b.AAAA", "s2.a.AAAA", "s1.a.%%%", "s1.a.AAAA", "a.b.c.d"])
def test_what_is_no_seal_is_refused(word: str) -> None:
    with pytest.raises(SealBroken):
        Seal(ring("a")).open(word, CELL)


@pytest.mark.parametrize("keys", [{}, {"a": b"short"}])
def test_a_ring_needs_whole_keys(keys: dict[str, bytes]) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Seal(keys)
