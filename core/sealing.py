"""Secrets at rest: AES-256-GCM under a named key, bound to the one cell that they were sealed for."""

from __future__ import annotations

import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
KEY_BYTES = 32
VERSION = "s1"


class SealBroken(Exception):
    """What was sealed cannot be opened: another cell, a changed byte, or a key that is gone."""


class Seal:
    """Seals and opens under a ring of keys: the first one seals, every one of them opens.

    Sealed words are ASCII (`s1.<key>.<base64>`): aiomysql cannot send bytes.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        if not keys or any(len(key) != KEY_BYTES for key in keys.values()):
            raise ValueError("a seal needs keys of 32 bytes")
        self._keys = {name: AESGCM(key) for name, key in keys.items()}
        self._name = next(iter(keys))

    def __repr__(self) -> str:
        return f"Seal(keys={list(self._keys)})"

    @property
    def mark(self) -> str:
        """Return how everything begins that the first key sealed."""
        return f"{VERSION}.{self._name}."

    def close(self, secret: str, cell: str) -> str:
        """Seal a secret for one cell (`table:row:column`): nowhere else it opens."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = nonce + self._keys[self._name].encrypt(nonce, secret.encode(), self._about(self._name, cell))
        return f"{self.mark}{urlsafe_b64encode(sealed).decode()}"

    def open(self, sealed: str, cell: str) -> str:
        """Return the secret; SealBroken when it was sealed for another cell, is damaged, or its key is gone."""
        try:
            version, name, body = sealed.split(".")
            raw = urlsafe_b64decode(body)
            if version != VERSION:
                raise SealBroken(cell)
            return self._keys[name].decrypt(raw[:NONCE_BYTES], raw[NONCE_BYTES:], self._about(name, cell)).decode()
        except (InvalidTag, KeyError, ValueError):
            raise SealBroken(cell) from None

    @staticmethod
    def _about(name: str, cell: str) -> bytes:
        return f"{VERSION}:{name}:{cell}".encode()
