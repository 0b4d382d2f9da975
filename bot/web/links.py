"""Payment links: signed, for one bill, for a time; they allow to see and pay that bill and nothing else."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from itsdangerous import BadData, BadSignature, URLSafeSerializer
from itsdangerous.encoding import base64_decode, base64_encode

PURPOSE = "pay-link"
LIFETIME = timedelta(days=40)


class LinkInvalid(Exception):
    """The token is forged, damaged, for something else, or too old (`expired`)."""

    def __init__(self, *, expired: bool = False) -> None:
        super().__init__("expired" if expired else "invalid")
        self.expired = expired


class PayLinks:
    """Makes and reads payment links; the newest key signs, all keys are accepted, so that keys can be rotated."""

    def __init__(self, public_url: str, keys: Sequence[bytes]) -> None:
        self._public_url = public_url
        # itsdangerous takes the last key to sign
        self._serializer = URLSafeSerializer(
            list(keys), salt=PURPOSE, signer_kwargs={"digest_method": sha256, "key_derivation": "hmac"}
        )

    def token(self, bill_id: int, now: datetime) -> str:
        """Return the token of a bill, valid for LIFETIME from `now`."""
        token = self._serializer.dumps([bill_id, int((now + LIFETIME).timestamp())])
        return token if isinstance(token, str) else token.decode()

    def url(self, bill_id: int, now: datetime) -> str:
        """Return the address of the payment page of a bill."""
        return f"{self._public_url}/pay/{self.token(bill_id, now)}"

    def read(self, token: str, now: datetime) -> int:
        """Return the bill's id; LinkInvalid when the token is not ours or is over."""
        try:
            content = self._serializer.loads(token)
            signature = token.rpartition(".")[2]
            # Base64's last character has spare bits: another spelling of the right signature is not the link we made.
            if base64_encode(base64_decode(signature)).decode() != signature:
                raise BadSignature("not canonical")
        except (BadData, UnicodeError):
            raise LinkInvalid from None
        match content:
            case [int(bill_id), int(until)]:
                if now.timestamp() >= until:
                    raise LinkInvalid(expired=True)
                return bill_id
        raise LinkInvalid
