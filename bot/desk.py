"""The operators' desk: payouts that two people export and confirm, and what is stuck; every answer is a sentence."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.chores import alert_of
from bot.csv_files import as_csv, read_rows, write_private
from bot.settings import Settings
from bot.texts import DEFAULT_LANGUAGE, SPEECH
from core import audit, billing
from core.billing import Instruction, Line, Result, Stuck
from core.clock import Clock
from core.db import Database
from core.errors import InvalidInput, NotFound, NotYours, Outdated
from core.sealing import Seal, SealBroken

COLUMNS = ("batch", "key", "kind", "bank", "account", "holder", "won", "words", "result")
UNUSABLE, REFUSED = 2, 1
_MOST_BYTES = 10_000_000
_GROUPS = re.compile(r"[0-9]{1,4}")
_WRONG_LINE = {
    "batch": "belongs to no batch, or to another one than the lines before",
    "key": "names a transfer that is not in the batch",
    "doubled": "names a transfer a second time",
    "won": "has another amount than was exported",
    "account": "has another bank or account than was exported: look where the money went",
    "missing": "the transfer {key} is missing",
    "result": "contradicts what was confirmed before",
    "same_operator": "you exported this batch yourself: somebody else confirms it",
    "empty": "the file has no lines",
}
_STUCK = {
    "bill_held": "bill {row} is held by a payment that is being approved, since {since}",
    "attempt_unknown": "attempt {row} of bill {bill}: the provider does not say whether it was paid, since {since}",
    "refund_unknown": "refund {row} of bill {bill}: the provider does not say whether it went back, since {since}",
    "refund_waits_for_operator": "refund {row} of bill {bill} waits for your transfer, since {since}",
    "payout_unconfirmed": "payout {row} was exported and not confirmed, since {since}",
    "claim_undecided": "claim {row} keeps a host's money back until you decide it, since {since}",
    "warning_in_vain": "the warning of unpaid bill {bill} reaches neither its member nor anybody else, since {since}",
    "notice_dead": "message {row} about money could not be delivered, since {since}",
}


class DeskRefused(Exception):
    """The desk said no, with the exit code of the command: 2 for a call that cannot work, 1 for what was found."""

    def __init__(self, sentence: str, code: int = REFUSED) -> None:
        super().__init__(sentence)
        self.code = code


@dataclass(frozen=True)
class Desk:
    """Where one operator works."""

    db: Database
    clock: Clock
    settings: Settings
    by: str

    def __post_init__(self) -> None:
        if self.by not in self.settings.operator_names:
            raise DeskRefused(f"{self.by} is not listed in OPERATORS", UNUSABLE)

    async def export(self, out: Path, batch_id: int | None) -> str:
        """Write a file of transfers: a new batch, or once more one that is not confirmed yet."""
        seal = self._seal()
        _require_new(out)
        await self._require_right_books()
        if batch_id is None:
            batch_id = await self._new_batch()
        else:
            await self._note_rewriting(batch_id)
        listed = await self._instructions(seal, batch_id)
        try:
            write_private(out, as_csv(COLUMNS, [_row(one) for one in listed]))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            again = f"write it elsewhere with --batch {batch_id}"
            raise DeskRefused(f"batch {batch_id} is exported, but {out} was not written ({reason}): {again}") from None
        won = sum(one.won for one in listed)
        return f"batch {batch_id}: {len(listed)} transfers, {won:,} won, in {out}"

    async def confirm(self, file: Path) -> str:
        """Book what the bank said of a batch, as the file's column `result` has it."""
        lines = _lines(file)
        try:
            now, seal = self.clock.now(), self.settings.seal
            told = await self.db.transact(billing.confirm_batch, self.by, lines, now, seal)
        except InvalidInput as error:
            raise DeskRefused(f"nothing was confirmed: {_wrong_line(error.facts)}") from None
        if told.before is not None:
            return f"batch {told.batch_id} was confirmed by {told.before} before: nothing changes"
        return f"batch {told.batch_id}: {told.done} done, {told.returned} returned"

    async def returned(self, key: str) -> str:
        """Book that a payout came back from its bank after it had been confirmed."""
        try:
            payout = await self.db.transact(billing.return_payout, key, self.by, self.clock.now())
        except NotFound:
            raise DeskRefused(f"there is no payout {key}", UNUSABLE) from None
        except Outdated:
            raise DeskRefused(f"payout {key} was not paid, or came back before: nothing changes") from None
        return f"payout {key}: {payout.amount_won:,} won came back and are owed to their host again"

    async def _new_batch(self) -> int:
        try:
            return (await self.db.transact(billing.export_batch, self.by, self.clock.now())).id
        except NotFound:
            raise DeskRefused("there is nothing to export") from None

    async def _note_rewriting(self, batch_id: int) -> None:
        try:
            await self.db.transact(billing.note_rewriting, batch_id, self.by, self.clock.now())
        except NotFound:
            raise DeskRefused(f"there is no batch {batch_id}", UNUSABLE) from None
        except NotYours as error:
            raise DeskRefused(f"batch {batch_id} is {error.facts['by']}'s: they write it, you confirm it") from None

    async def _instructions(self, seal: Seal, batch_id: int) -> Sequence[Instruction]:
        try:
            async with self.db.read() as session:
                return await billing.instructions(session, seal, batch_id)
        except Outdated as error:
            raise DeskRefused(f"batch {batch_id} was confirmed by {error.facts.get('by')}: it is closed") from None
        except SealBroken as error:
            raise DeskRefused(f"{error} cannot be opened: is its key missing in SEALING_KEYS?", UNUSABLE) from None

    async def _require_right_books(self) -> None:
        async with self.db.read() as session:
            violations = await audit.check(session)
        for violation in violations:
            await self.db.transact(alert_of, violation, self.clock.now())
        if violations:
            found = "\n".join(f"{one.name}: {one.sentence}: {', '.join(map(str, one.rows))}" for one in violations)
            raise DeskRefused(f"nothing was exported, the books are not right:\n{found}")

    async def reseal(self) -> str:
        """Seal accounts and cards anew under the first key of SEALING_KEYS, so that the former ones can go."""
        found = await billing.reseal(self.db, self._seal(), self.by, self.clock)
        if found.broken:
            cells = "\n".join(found.broken)
            raise DeskRefused(f"{found.cells} cells are sealed anew; no key of SEALING_KEYS opens these:\n{cells}")
        return f"{found.cells} cells are sealed anew: nothing in the database needs a former key"

    def _seal(self) -> Seal:
        if self.settings.seal is None:
            raise DeskRefused("SEALING_KEYS is empty: no account can be opened", UNUSABLE)
        return self.settings.seal


def _require_new(out: Path) -> None:
    if out.exists():
        raise DeskRefused(f"{out} exists already: choose another name", UNUSABLE)


def _row(one: Instruction) -> Sequence[object]:
    say = SPEECH[DEFAULT_LANGUAGE]
    words = say.plain(f"payouts.words_{one.kind}", code=one.code)
    # In groups, or a spreadsheet takes it for a number: without its leading zeros, rounded to fifteen digits.
    account = "-".join(_GROUPS.findall(one.number))
    return one.batch_id, one.key, one.kind, one.bank, account, one.holder, one.won, words, ""


def _lines(file: Path) -> Sequence[Line]:
    try:
        if file.stat().st_size > _MOST_BYTES:
            raise DeskRefused(f"{file} is too large for a file of transfers", UNUSABLE)
        rows = read_rows(file.read_bytes())
    except OSError as error:
        raise DeskRefused(f"{file} cannot be read ({error.strerror})", UNUSABLE) from None
    except ValueError:
        raise DeskRefused(f"{file} is no CSV file", UNUSABLE) from None
    return [_line(number, row) for number, row in enumerate(rows, start=2)]


def _line(number: int, row: Mapping[str, str]) -> Line:
    try:
        result = Result(row.get("result", "").lower())
    except ValueError:
        raise DeskRefused(f"nothing was confirmed: line {number}: its result is neither done nor returned") from None
    batch, won = row.get("batch", ""), row.get("won", "")
    if not (_is_number(batch) and _is_number(won)):
        raise DeskRefused(f"nothing was confirmed: line {number}: batch and won must be whole numbers")
    to = row.get("bank", ""), row.get("account", "")
    return Line(number, int(batch), row.get("key", ""), int(won), result, to)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 15


def _wrong_line(facts: Mapping[str, Any]) -> str:
    return f"line {facts['line']}: {_WRONG_LINE[facts['rule']].format(key=facts.get('key'))}"


async def listed(db: Database) -> str:
    """Say what waits to be exported and which batches wait to be confirmed."""
    async with db.read() as session:
        waits = await billing.waiting(session)
    lines = [f"to be exported: {waits.payouts} payouts, {waits.won:,} won, {waits.codes} accounts to verify"]
    if waits.kept:
        why = "their hosts have no proven account, or owe as much"
        lines.append(f"kept back: {waits.kept} payouts, {waits.kept_won:,} won: {why}")
    lines += [
        f"host {person_id} owes {won:,} won: taken off what is owed to them next" for person_id, won in waits.debts
    ]
    lines += [
        f"batch {batch.id}: exported by {batch.exported_by} at {batch.exported_at:%Y-%m-%d %H:%M} UTC,"
        f" {count} payouts, {won:,} won, not confirmed"
        for batch, count, won in waits.batches
    ]
    return "\n".join(lines)


async def stuck(db: Database, clock: Clock) -> Sequence[str]:
    """Say what around money waits longer than it should, a sentence each."""
    async with db.read() as session:
        found = await billing.stuck(session, clock.now())
    return [_stuck(one) for one in found]


def _stuck(one: Stuck) -> str:
    since = f"{one.since:%Y-%m-%d %H:%M} UTC" if one.since else "some time"
    return _STUCK[one.what].format(row=one.row_id, bill=one.bill_id, since=since)
