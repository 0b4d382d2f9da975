"""Getting to know each other: consent, profile, settings, help."""

from __future__ import annotations

from collections.abc import Sequence

from bot import dialog
from bot.handlers import deep_links
from bot.screen import Edit, Replies, Say, Toast
from bot.tap import Tap
from bot.texts import language_of
from bot.views import errors as error_views
from bot.views import people as views
from core import people as core
from core.errors import InvalidInput, NotFound, Outdated
from core.people import AgeBand

ONBOARDING = ("nickname", "picture", "genres", "rate")


async def start(tap: Tap) -> Replies:
    """Greet: consent first, then home."""
    payload = tap.args[0] if tap.args else ""
    if tap.person_or_none is None:
        return views.consent(tap.say, payload, tap.settings)
    target = await deep_links.follow(tap, payload)
    if target is None and payload:
        return Say(error_views.screen(tap.say, NotFound(what="link")))
    return target or views.home(tap.say, tap.person)


async def terms(tap: Tap) -> Replies:
    """Show the terms in full, before or after consent."""
    return Say(views.terms(tap.say, tap.settings))


async def too_young(tap: Tap) -> Replies:
    """Say goodbye to somebody below the minimum age; nothing is stored."""
    return Edit(views.too_young(tap.say, tap.settings))


async def agree(tap: Tap) -> Replies:
    """Store the person with their consent, then go where the link pointed, or get acquainted."""
    newcomer = tap.person_or_none is None
    if newcomer:
        band = tap.arg(0)
        if band not in set(AgeBand):
            raise InvalidInput(field="button", rule="age")
        user = tap.update.effective_user if tap.update else None
        language = language_of(user.language_code if user else None)
        tap.person_or_none = await core.agree(tap.session, tap.user_id, language, AgeBand(band), tap.now)
        await core.set_nickname(tap.session, tap.person, _telegram_name(tap))
    thanks = Edit(views.agreed(tap.say, tap.person))
    # Who came through a link sees at once what they came for; getting acquainted can wait.
    target = await deep_links.follow(tap, tap.args[1] if len(tap.args) > 1 else "")
    if target is not None:
        return [thanks, *(target if isinstance(target, Sequence) else [target])]
    # Tapped twice: the first tap has asked already, and what came after it stays as it is.
    return [thanks, await step(tap, "nickname")] if newcomer else thanks


def _telegram_name(tap: Tap) -> str:
    user = tap.update.effective_user if tap.update else None
    try:
        return core.clean_nickname((user.first_name if user else "")[: core.NICKNAME_LENGTH])
    except InvalidInput:
        return tap.say.plain("people.nameless", number=tap.person.id)


async def step(tap: Tap, name: str) -> Say:
    """Ask the next thing of the onboarding; each can be skipped."""
    await dialog.forget(tap.session, tap.person.id)
    if name in {"nickname", "picture"}:
        await dialog.ask(tap.session, tap.person.id, name, tap.now, onboarding=True)
    if name == "nickname":
        return Say(views.ask_nickname(tap.say, tap.person, onboarding=True))
    if name == "picture":
        return Say(views.ask_picture(tap.say, tap.person, onboarding=True))
    if name == "genres":
        return Say(views.genres(tap.say, tap.person, onboarding=True))
    return Say(views.onboarded(tap.say, tap.person))


async def acquaint(tap: Tap) -> Replies:
    """Begin the onboarding that a link had put off."""
    return await step(tap, "nickname")


def _after(name: str) -> str:
    return ONBOARDING[ONBOARDING.index(name) + 1]


async def skip(tap: Tap) -> Replies:
    """Leave a step of the onboarding out."""
    name = tap.arg(0)
    if name not in ONBOARDING[:-1]:
        raise InvalidInput(field="button", rule="step")
    return [Edit(views.skipped(tap.say)), await step(tap, _after(name))]


async def ask_nickname(tap: Tap) -> Replies:
    """Ask for a new nickname from the settings."""
    await dialog.ask(tap.session, tap.person.id, "nickname", tap.now)
    return Say(views.ask_nickname(tap.say, tap.person, onboarding=False))


async def take_nickname(tap: Tap) -> Replies:
    """Take the words as the nickname."""
    waiting = await dialog.pending(tap.session, tap.person.id)
    await core.set_nickname(tap.session, tap.person, tap.text)
    return await _next_or_settings(tap, "nickname", waiting)


async def ask_picture(tap: Tap) -> Replies:
    """Ask for a picture from the settings."""
    await dialog.ask(tap.session, tap.person.id, "picture", tap.now)
    return Say(views.ask_picture(tap.say, tap.person, onboarding=False))


async def take_picture(tap: Tap) -> Replies:
    """Take the photo as the person's picture."""
    if tap.photo_file_id is None:
        raise InvalidInput(field="picture", rule="photo")
    waiting = await dialog.pending(tap.session, tap.person.id)
    await core.set_picture(tap.session, tap.person, tap.photo_file_id)
    return await _next_or_settings(tap, "picture", waiting)


async def _next_or_settings(tap: Tap, done: str, waiting: dialog.Dialog | None) -> Replies:
    if waiting is not None and waiting.data.get("onboarding"):
        return [Say(views.saved(tap.say, tap.person, done)), await step(tap, _after(done))]
    await dialog.forget(tap.session, tap.person.id)
    return [Say(views.saved(tap.say, tap.person, done)), Say(views.settings(tap.say, tap.person, tap.now))]


async def choose_genres(tap: Tap) -> Replies:
    """Switch a favourite genre (`genres:o|s:slug:on|off`), or finish (`genres:o|s:done`)."""
    onboarding, choice = tap.arg(0) == "o", tap.arg(1)
    if choice == "done":
        if onboarding:
            return [Edit(views.genres_done(tap.say, tap.person)), await step(tap, "rate")]
        return Edit(views.settings(tap.say, tap.person, tap.now))
    if choice == "ask":
        return Say(views.genres(tap.say, tap.person, onboarding=onboarding))
    if choice not in core.GENRES:
        raise InvalidInput(field="button", rule="genre")
    chosen = set(tap.person.genres) | {choice} if tap.arg(2) == "on" else set(tap.person.genres) - {choice}
    if len(chosen) > core.FAVOURITE_GENRES:
        return Toast(tap.say.plain("people.genres_enough", most=core.FAVOURITE_GENRES))
    await core.set_genres(tap.session, tap.person, chosen)
    return Edit(views.genres(tap.say, tap.person, onboarding=onboarding))


async def settings(tap: Tap) -> Replies:
    """Show the settings."""
    return Say(views.settings(tap.say, tap.person, tap.now))


async def choose_language(tap: Tap) -> Replies:
    """Speak the chosen language, before consent too (then it holds for this message only)."""
    language, origin = tap.arg(0), tap.arg(1)
    if language not in core.LANGUAGES:
        raise InvalidInput(field="button", rule="language")
    if tap.person_or_none is None:
        return Edit(views.consent(views.speech(language), "" if origin == "-" else origin, tap.settings))
    await core.set_language(tap.session, tap.person, language)
    tap.say = views.speech(language)
    return Edit(views.settings(tap.say, tap.person, tap.now))


async def quiet_hours(tap: Tap) -> Replies:
    """Offer quiet hours (`quiet`), or keep the chosen ones (`quiet:from:until`)."""
    if not tap.args:
        return Edit(views.quiet_hours(tap.say, tap.person))
    await core.set_quiet_hours(tap.session, tap.person, tap.number(0), tap.number(1))
    return Edit(views.settings(tap.say, tap.person, tap.now))


async def mute(tap: Tap) -> Replies:
    """Send no reminders for a week (`mute:on`), or send them again (`mute:off`)."""
    if tap.arg(0) not in {"on", "off"}:
        raise InvalidInput(field="button", rule="mute")
    if tap.arg(0) == "on":
        await core.mute(tap.session, tap.person, tap.now)
    else:
        await core.unmute(tap.session, tap.person)
    return Edit(views.settings(tap.say, tap.person, tap.now))


async def help_(tap: Tap) -> Replies:
    """Say what the bot can do."""
    return Say(views.help_(tap.say))


async def not_understood(tap: Tap) -> Replies:
    """Answer words that belong to nothing."""
    return Say(views.not_understood(tap.say, tap.text if tap.is_plain_text else ""))


async def unknown_command(tap: Tap) -> Replies:
    """Answer a command that does not exist."""
    return Say(views.unknown_command(tap.say, tap.text.split()[0]))


async def unknown_button(tap: Tap) -> Replies:
    """Answer a button that no longer exists."""
    raise Outdated(what="button")


def question_expired(tap: Tap) -> Say:
    """Say that an answer came too late; it goes nowhere else."""
    return Say(views.question_expired(tap.say))
