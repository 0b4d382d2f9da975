"""Every sentence a person reads: gettext catalogues by language and area, looked up by a speaking key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import cache
from pathlib import Path

from babel.dates import format_date, format_time
from babel.messages.pofile import read_po
from babel.numbers import format_decimal
from markupsafe import Markup

from core.dates import SEOUL, seoul_date

LANGUAGES = ("ko", "en")
DEFAULT_LANGUAGE = "ko"
_FOLDER = Path(__file__).parent


def language_of(language_code: str | None) -> str:
    """Return the language we speak with somebody whose app says `language_code`: Korean unless they have another."""
    return DEFAULT_LANGUAGE if not language_code or language_code.lower().startswith("ko") else "en"


@cache
def catalogue(language: str) -> Mapping[str, tuple[str, ...]]:
    """Return key -> forms of one language: one form, or singular and plural."""
    entries: dict[str, tuple[str, ...]] = {}
    for path in sorted((_FOLDER / language).glob("*.po")):
        with path.open("rb") as file:
            for message in read_po(file, locale=language):
                if not message.id:
                    continue
                key = message.id if isinstance(message.id, str) else message.id[0]
                forms = (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
                if key in entries or not all(forms):
                    raise ValueError(f"{path.name}: {key} is doubled or empty")
                if not key.startswith(f"{path.stem}."):
                    raise ValueError(f"{path.name}: {key} belongs into another area")
                entries[key] = forms
    return entries


@dataclass(frozen=True)
class Speech:
    """One language's voice: sentences, won, dates; what is filled in is escaped for HTML."""

    language: str

    def __call__(self, key: str, /, **values: object) -> str:
        """Return the sentence `key` with `values` filled in; `n` chooses between singular and plural."""
        forms = catalogue(self.language)[key]
        form = forms[0]
        if len(forms) > 1 and values["n"] != 1:
            form = forms[1]
        return str(Markup(form).format(**values))  # noqa: S704 - the template is ours, the values get escaped

    def knows(self, key: str) -> bool:
        """Tell whether there is such a sentence."""
        return key in catalogue(self.language)

    def plain(self, key: str, /, **values: object) -> str:
        """Return a sentence for a place without HTML: a button, a toast."""
        return Markup(self(key, **values)).unescape()  # noqa: S704 - unescaped at once

    def won(self, amount: int) -> str:
        """Return an amount as people write it."""
        number = format_decimal(amount, locale=self.language)
        return f"{number}원" if self.language == "ko" else f"₩{number}"

    def day(self, day: date) -> str:
        """Return a date with its weekday, short."""
        return format_date(day, "M월 d일 (E)" if self.language == "ko" else "EEE, MMM d", locale=self.language)

    def full_day(self, day: date) -> str:
        """Return a date with its year."""
        return format_date(day, "y년 M월 d일" if self.language == "ko" else "MMM d, y", locale=self.language)

    def days(self, first: date, last: date) -> str:
        """Return a span of days, both counted."""
        return (
            f"{self.day(first)} ~ {self.day(last)}"
            if self.language == "ko"
            else f"{self.day(first)} – {self.day(last)}"
        )

    def moment(self, instant: datetime) -> str:
        """Return a time of day in Seoul, with its date."""
        clock = format_time(
            instant, "aaaa h:mm" if self.language == "ko" else "h:mm a", tzinfo=SEOUL, locale=self.language
        )
        return f"{self.day(seoul_date(instant))} {clock}"

    def hour(self, hour: int) -> str:
        """Return a full hour of the day."""
        return format_time(time(hour), "aaaa h시" if self.language == "ko" else "h a", locale=self.language)

    def stars(self, halves: int) -> str:
        """Return a rating given in half stars, as a number with its star."""
        return f"★ {halves / 2:.1f}"


SPEECH = {language: Speech(language) for language in LANGUAGES}
