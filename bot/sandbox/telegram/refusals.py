"""What Telegram says when it refuses: a code and a sentence, in its own words."""

from __future__ import annotations

from typing import Any

Json = dict[str, Any]


class Refusal(Exception):
    """A request that Telegram does not carry out."""

    def __init__(self, code: int, description: str, parameters: Json | None = None) -> None:
        super().__init__(description)
        self.code = code
        self.description = description
        self.parameters = parameters

    def body(self) -> Json:
        """Return the reply as it travels to the bot."""
        reply: Json = {"ok": False, "error_code": self.code, "description": self.description}
        if self.parameters:
            reply["parameters"] = self.parameters
        return reply


def bad_request(what: str) -> Refusal:
    """Refuse with 400; as with Telegram, the sentence goes on in lower case, save constants such as URL_INVALID."""
    if len(what) > 1 and what[1].islower():
        what = what[0].lower() + what[1:]
    return Refusal(400, f"Bad Request: {what}")


def forbidden(what: str) -> Refusal:
    """Refuse with 403: the person does not want to hear from the bot, or never asked to."""
    return Refusal(403, f"Forbidden: {what}")


def conflict(what: str) -> Refusal:
    """Refuse with 409: two ways of fetching updates exclude each other."""
    return Refusal(409, f"Conflict: {what}")


def too_many_requests(retry_after: int) -> Refusal:
    """Refuse with 429 and say when to come back."""
    return Refusal(429, f"Too Many Requests: retry after {retry_after}", {"retry_after": retry_after})
