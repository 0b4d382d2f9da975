"""Consent, profile, settings and help as screens."""

from __future__ import annotations

import re
from datetime import datetime

from bot.screen import Button, Screen
from bot.settings import Settings
from bot.texts import LANGUAGES, SPEECH, Speech
from bot.views.titles import find_button
from core.billing.refund_rules import WITHDRAWAL_DAYS
from core.people import GENRES, QUIET_CHOICES, Person, is_muted

PAYLOAD_BYTES = 40
PAYLOAD = re.compile(r"[A-Za-z0-9_-]*")


def speech(language: str) -> Speech:
    """Return the voice of a language."""
    return SPEECH[language]


def consent(say: Speech, payload: str, settings: Settings) -> Screen:
    """Ask for consent and age in one tap; `payload` of the deep link travels in the buttons, nothing is stored."""
    # Of a payload too long to be ours enough is carried to say, after the consent, that it leads nowhere.
    carried = payload[:PAYLOAD_BYTES] if PAYLOAD.fullmatch(payload) else ""
    other = next(language for language in LANGUAGES if language != say.language)
    ages = {"adult": settings.adult_age, "minimum": settings.minimum_age}
    return Screen(
        say("people.consent", **ages, below=settings.adult_age - 1),
        rows=[
            [Button(say.plain("people.agree_adult", **ages), data=f"agree:adult:{carried}")],
            [
                Button(
                    say.plain("people.agree_teen", **ages, below=settings.adult_age - 1), data=f"agree:teen:{carried}"
                )
            ],
            [Button(say.plain("people.below_minimum", **ages), data="young")],
            [
                Button(say.plain("people.read_terms"), data="terms"),
                Button(say.plain(f"people.speak_{other}"), data=f"lang:{other}:{carried or '-'}"),
            ],
        ],
    )


def terms(say: Speech, settings: Settings) -> Screen:
    """The terms: what TWO is and is not, what is stored, how money is held and comes back."""
    notice = settings.business_notice
    text = say(
        "people.terms",
        adult=settings.adult_age,
        minimum=settings.minimum_age,
        grace=settings.grace_days,
        free=settings.days_to_free,
        withdrawal=WITHDRAWAL_DAYS,
    )
    return Screen(text + (f"\n\n{say('people.business', notice=notice)}" if notice else ""))


def too_young(say: Speech, settings: Settings) -> Screen:
    """Goodbye to somebody below the minimum age."""
    return Screen(say("people.too_young", minimum=settings.minimum_age))


def agreed(say: Speech, person: Person) -> Screen:
    """Thanks for the consent, in place of the question."""
    return Screen(say("people.agreed", nickname=person.nickname))


def ask_nickname(say: Speech, person: Person, *, onboarding: bool) -> Screen:
    """Ask what to call the person."""
    rows = [[Button(say.plain("people.keep_nickname", nickname=person.nickname), data="skip:nickname")]]
    return Screen(say("people.ask_nickname", nickname=person.nickname), rows=rows if onboarding else ())


def ask_picture(say: Speech, person: Person, *, onboarding: bool) -> Screen:
    """Show the picture the person has now and ask for another."""
    rows = [[Button(say.plain("people.keep_picture"), data="skip:picture")]]
    return Screen(say("people.ask_picture"), photo=portrait(person), rows=rows if onboarding else ())


def portrait(person: Person) -> str:
    """Return the person's picture, a drawn one when there is none."""
    return person.picture_file_id or f"draw:{person.id}"


def genres(say: Speech, person: Person, *, onboarding: bool) -> Screen:
    """Let the person switch up to three favourite genres."""
    origin = "o" if onboarding else "s"
    chosen = set(person.genres)
    buttons = [
        Button(
            ("✓ " if genre in chosen else "") + say.plain(f"people.genre_{genre}"),
            data=f"genres:{origin}:{genre}:{'off' if genre in chosen else 'on'}",
        )
        for genre in GENRES
    ]
    rows = [buttons[i : i + 3] for i in range(0, len(buttons), 3)]
    end = say.plain("people.genres_finish" if chosen else "people.skip")
    return Screen(
        say("people.ask_genres", count=len(chosen)), rows=[*rows, [Button(end, data=f"genres:{origin}:done")]]
    )


def genre_names(say: Speech, person: Person) -> str:
    """Return the favourite genres in words."""
    return ", ".join(say.plain(f"people.genre_{genre}") for genre in person.genres) or say.plain("people.no_genres")


def genres_done(say: Speech, person: Person) -> Screen:
    """The genres that were chosen, in place of the question."""
    return Screen(say("people.genres_done", genres=genre_names(say, person)))


def skipped(say: Speech) -> Screen:
    """A step that was left out."""
    return Screen(say("people.skipped"))


def saved(say: Speech, person: Person, what: str) -> Screen:
    """What the person just told us is kept."""
    return Screen(say(f"people.saved_{what}", nickname=person.nickname))


def onboarded(say: Speech, person: Person) -> Screen:
    """The onboarding ends: rate ten titles, or go ahead."""
    return Screen(
        say("people.onboarded", nickname=person.nickname),
        rows=[
            [Button(say.plain("people.rate_ten"), data="go:rate")],
            [Button(say.plain("people.later"), data="go:start")],
        ],
    )


def home(say: Speech, person: Person) -> Screen:
    """Where everything starts."""
    return Screen(
        say("people.home", nickname=person.nickname),
        rows=[
            [
                Button(say.plain("people.go_newparty"), data="go:newparty"),
                Button(say.plain("people.go_my"), data="go:my"),
            ],
            [
                Button(say.plain("people.go_recommend"), data="go:recommend"),
                Button(say.plain("people.go_rate"), data="go:rate"),
            ],
            [Button(say.plain("people.go_find"), data="go:find"), Button(say.plain("people.go_help"), data="go:help")],
        ],
    )


def settings(say: Speech, person: Person, now: datetime) -> Screen:
    """What the person can change about themself."""
    other = next(language for language in LANGUAGES if language != say.language)
    muted = is_muted(person, now)
    text = say(
        "people.settings",
        nickname=person.nickname,
        genres=genre_names(say, person),
        quiet=_hours(say, person.quiet_from, person.quiet_until),
    )
    if muted and person.muted_until:
        text += "\n" + say("settings.muted_until", until=say.moment(person.muted_until))
    return Screen(
        text,
        rows=[
            [
                Button(say.plain("people.change_nickname"), data="nick"),
                Button(say.plain("people.change_picture"), data="pic"),
            ],
            [Button(say.plain("people.change_genres"), data="genres:s:ask")],
            [Button(say.plain("settings.change_quiet"), data="quiet")],
            [Button(say.plain("evenings.visibility"), data="taste")],
            [
                Button(say.plain("settings.unmute"), data="mute:off")
                if muted
                else Button(say.plain("settings.mute"), data="mute:on")
            ],
            [Button(say.plain(f"people.speak_{other}"), data=f"lang:{other}:s")],
            [Button(say.plain("people.read_terms"), data="terms")],
        ],
    )


def quiet_hours(say: Speech, person: Person) -> Screen:
    """Choose the hours in which nothing comes that can wait."""
    chosen = (person.quiet_from, person.quiet_until)
    rows = [
        [Button(("✓ " if hours == chosen else "") + _hours(say, *hours), data=f"quiet:{hours[0]}:{hours[1]}")]
        for hours in QUIET_CHOICES
    ]
    return Screen(say("settings.ask_quiet"), rows=rows)


def _hours(say: Speech, quiet_from: int, quiet_until: int) -> str:
    if quiet_from == quiet_until:
        return say.plain("settings.quiet_never")
    return say.plain("settings.quiet_hours", start=say.hour(quiet_from), end=say.hour(quiet_until))


def help_(say: Speech) -> Screen:
    """What the bot can do."""
    return Screen(say("people.help"))


def not_understood(say: Speech, text: str) -> Screen:
    """Words that belong to nothing: offer what they may have meant."""
    look_up = find_button(say, text)
    rows = [
        *([[look_up]] if look_up else []),
        [
            Button(say.plain("people.go_my"), data="go:my"),
            Button(say.plain("people.go_recommend"), data="go:recommend"),
        ],
        [Button(say.plain("people.go_help"), data="go:help")],
    ]
    return Screen(say("people.not_understood"), rows=rows)


def unknown_command(say: Speech, command: str) -> Screen:
    """A command that does not exist."""
    return Screen(say("people.unknown_command", command=command[:33]))


def question_expired(say: Speech) -> Screen:
    """An answer that came too late."""
    return Screen(say("people.question_expired"))
