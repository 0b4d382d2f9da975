"""A host's money: what is held, owed and paid out, the account it goes to, and who has paid."""

from __future__ import annotations

from bot import dialog
from bot.screen import Delete, Edit, Replies, Say
from bot.tap import Tap
from bot.views import errors as error_views
from bot.views import payouts as views
from core import billing, flows, parties
from core.billing import Details, Proof
from core.dates import seoul_date
from core.errors import InvalidInput, Outdated
from core.parties import Role
from core.people import require_adult
from core.sealing import Seal


async def payout(tap: Tap) -> Replies:
    """Show what is held and until when, what comes next, what is on its way, and the account."""
    require_adult(tap.person, tap.settings.adult_age)
    board = await billing.payout_board(tap.session, tap.person.id, tap.settings.limits)
    cards = {
        party_id: await flows.party_card(tap.session, party_id)
        for party_id in {coming.party_id for coming in board.coming}
    }
    today = seoul_date(tap.now)
    return Say(views.board(tap.say, board, cards, today, offered=tap.settings.seal is not None))


async def status(tap: Tap) -> Replies:
    """Say who has paid: by name to the host of a party, by number to its members."""
    listed = []
    for party, membership in await parties.parties_of(tap.session, tap.person.id):
        payments = await billing.payments_of(tap.session, party.id, seoul_date(tap.now))
        card = await flows.party_card(tap.session, party.id)
        listed.append((card, membership.role is Role.HOST, payments))
    return [Say(screen) for screen in views.status(tap.say, listed, seoul_date(tap.now))]


async def choose_bank(tap: Tap) -> Replies:
    """Begin to register an account: which bank?"""
    _seal(tap)
    return Say(views.banks(tap.say))


async def ask_holder(tap: Tap) -> Replies:
    """Ask whose account it is."""
    _seal(tap)
    bank = billing.known_bank(tap.arg(0))
    await dialog.ask(tap.session, tap.person.id, "payout_holder", tap.now, bank=bank)
    return Edit(views.ask_holder(tap.say, bank))


async def take_holder(tap: Tap) -> Replies:
    """Take the words as the holder's name and ask for the number."""
    waiting = await _answered(tap)
    sealed = _seal(tap).close(billing.clean_holder(tap.text), _holder_cell(tap))
    bank = str(waiting.data["bank"])
    await dialog.ask(tap.session, tap.person.id, "payout_number", tap.now, bank=bank, holder=sealed)
    return Say(views.ask_number(tap.say, bank))


async def take_number(tap: Tap) -> Replies:
    """Take the words as the account number, register the account, and take the message out of the chat."""
    waiting, seal = await _answered(tap), _seal(tap)
    holder = seal.open(str(waiting.data["holder"]), _holder_cell(tap))
    details = Details(str(waiting.data["bank"]), tap.text, holder)
    try:
        account = await billing.register_account(tap.session, seal, tap.person.id, details, tap.now)
    except InvalidInput as error:
        return [Delete(), Say(error_views.screen(tap.say, error))]
    await dialog.forget(tap.session, tap.person.id)
    return [Delete(), Say(views.registered(tap.say, account))]


async def ask_code(tap: Tap) -> Replies:
    """Ask for the digits that came with one won."""
    account = await billing.account_of(tap.session, tap.person.id)
    if account is None or not billing.waits_for_code(account):
        raise Outdated(what="payout_account")
    await dialog.ask(tap.session, tap.person.id, "payout_code", tap.now)
    return Say(views.ask_code(tap.say, account))


async def take_code(tap: Tap) -> Replies:
    """Compare the words with the digits that came with one won."""
    proof = await billing.prove_account(tap.session, _seal(tap), tap.person.id, tap.text, tap.now)
    account = await billing.account_of(tap.session, tap.person.id)
    if account is None:
        raise Outdated(what="payout_account")
    if proof is Proof.WRONG:
        return Say(views.wrong_code(tap.say, billing.tries_left(account)))
    await dialog.forget(tap.session, tap.person.id)
    return Say(views.proven(tap.say, account) if proof is Proof.VERIFIED else views.used_up(tap.say, account))


def _seal(tap: Tap) -> Seal:
    """Return what seals account numbers, for an adult; Outdated where payouts are not offered."""
    require_adult(tap.person, tap.settings.adult_age)
    if tap.settings.seal is None:
        raise Outdated(what="payout_account")
    return tap.settings.seal


async def _answered(tap: Tap) -> dialog.Dialog:
    waiting = await dialog.pending(tap.session, tap.person.id)
    if waiting is None:
        raise Outdated(what="payout_account")
    return waiting


def _holder_cell(tap: Tap) -> str:
    return f"dialog:{tap.person.id}:holder"
