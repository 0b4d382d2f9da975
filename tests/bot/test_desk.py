"""The operators' command line, as they call it: two people, one file, and nothing that half happens."""

from __future__ import annotations

import asyncio
import base64
import csv
import errno
import os
import stat
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select, update
from typer.testing import CliRunner, Result

from bot.cli import app
from bot.csv_files import as_csv, harmless, read_rows
from bot.desk import COLUMNS
from bot.settings import Settings
from core import audit, billing
from core.acts import OperatorAct
from core.billing import Bill, Details
from core.billing.statements import Month, house_statement, statement
from core.billing.tables import Account, LedgerEntry, Payout, PayoutBatch, PayoutState
from core.clock import ManualClock
from core.dates import seoul_date
from core.db import Database
from core.outbox import Outgoing, SendState
from core.sealing import KEY_BYTES, Seal
from tests.bad_input import Row, bad_input
from tests.builders import LIMITS, joins, open_bill, party, person
from tests.conftest import empty, shared_database
from tests.counter import planned, released
from tests.till import till_open

KEY = os.urandom(KEY_BYTES)
ENVIRONMENT = {
    "TELEGRAM_TOKEN": "987654321:" + "desk" * 9,
    "BOOTPAY_CLIENT_KEY": "desk-client-key",
    "BOOTPAY_SECRET_KEY": "desk-secret-key",
    "PUBLIC_URL": "https://two.kr",
    "SEALING_KEYS": f"desk:{base64.urlsafe_b64encode(KEY).decode()}",
    "OPERATORS": "mina, jun",
}
HOLDER = "김민수"


class Office:
    """The command line over one database."""

    def __init__(self, url: str, folder: Path) -> None:
        self.url = url
        self.folder = folder
        self.clock = ManualClock(datetime.now(UTC) - timedelta(days=40), running=False)

    def two(self, *words: str, **environment: str) -> Result:
        """Call the command line."""
        return CliRunner().invoke(app, words, env={**ENVIRONMENT, "DATABASE_URL": self.url, **environment})

    def file(self, name: str = "out.csv") -> str:
        """Return the name of a file in the test's folder."""
        return str(self.folder / name)

    def rows(self, name: str = "out.csv") -> list[dict[str, str]]:
        """Return the exported lines."""
        with open(self.file(name), encoding="utf-8-sig", newline="") as file:
            return list(csv.DictReader(file))

    def returns(self, name: str = "back.csv", **changes: str) -> str:
        """Write the exported file as it comes back: everything done, but for what is changed in the first line."""
        rows = [{**row, "result": "done"} for row in self.rows()]
        rows[0] |= changes
        with open(self.file(name), "w", encoding="utf-8", newline="") as file:
            lines = csv.DictWriter(file, COLUMNS)
            lines.writeheader()
            lines.writerows(rows)
        return self.file(name)

    @property
    def batch(self) -> int:
        """Return the newest batch."""
        return int(self.one(select(func.max(PayoutBatch.id))))

    def does(self, work: Callable[[Database], Awaitable[Any]]) -> Any:
        """Do something on the database, in a loop of its own as every command has one."""

        async def on_it() -> Any:
            db = shared_database(self.url)
            try:
                return await work(db)
            finally:
                await db.close()

        return asyncio.run(on_it())

    def one(self, query: Any) -> Any:
        """Return what a query finds."""

        async def ask(db: Database) -> Any:
            async with db.read() as session:
                return await session.scalar(query)

        return self.does(ask)


@pytest.fixture
def office(db_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Office]:
    for name in [name for name in os.environ if name.lower() in Settings.model_fields]:
        monkeypatch.delenv(name)
    office = Office(db_url, tmp_path)
    yield office

    async def close(db: Database) -> list[audit.Violation]:
        async with db.read() as session:
            violations = await audit.check(session)
        if not db.embedded:
            await empty(db)
        return violations

    assert office.does(close) == []


@pytest.fixture
def owed(office: Office) -> Office:
    """Owe 4,250 won to a host with a proven account, and let another host wait for their code."""

    async def fill(db: Database) -> None:
        seal, clock = Seal({"desk": KEY}), office.clock
        host, other = await person(db, clock, "민수"), await person(db, clock, "지우")
        async with till_open(db, clock) as till:
            await till.pays((await joins(db, clock, await party(db, clock, host))).id)
        account = Details("004", "123-456-789012", HOLDER)
        await db.transact(billing.register_account, seal, host.id, account, clock.now(), code=lambda: "0042")
        batch = await db.transact(billing.export_batch, "mina", clock.now())
        await db.transact(billing.prove_account, seal, host.id, "0042", clock.now())
        async with db.read() as session:
            (proof,) = await billing.instructions(session, seal, batch.id)
        line = billing.Line(2, batch.id, proof.key, proof.won, billing.Result.DONE)
        await db.transact(billing.confirm_batch, "jun", [line], clock.now())
        await db.transact(billing.register_account, seal, other.id, account, clock.now(), code=lambda: "0007")
        clock.move_to(datetime.now(UTC))
        await released(db, clock)
        assert await planned(db, clock) == [4250]

    office.does(fill)
    return office


def test_one_exports_and_another_one_confirms(owed: Office) -> None:
    exported = owed.two("payouts", "export", "--by", "mina", "--out", owed.file())

    assert (exported.exit_code, exported.output) == (
        0,
        f"batch {owed.batch}: 2 transfers, 4,251 won, in {owed.file()}\n",
    )
    assert stat.S_IMODE(os.stat(owed.file()).st_mode) == 0o600
    payout, proof = owed.rows()
    assert payout.keys() == set(COLUMNS)
    assert [payout[name] for name in ("batch", "kind", "bank", "account", "holder", "won", "words")] == [
        str(owed.batch), "payout", "004", "1234-5678-9012", HOLDER, "4250", "TWO정산",
    ]  # fmt: skip
    assert [proof[name] for name in ("kind", "won", "words")] == ["verify", "1", "TWO0007"]
    confirmed = owed.two("payouts", "confirm", owed.returns(), "--by", "jun")
    assert (confirmed.exit_code, confirmed.output) == (0, f"batch {owed.batch}: 2 done, 0 returned\n")
    again = owed.two("payouts", "confirm", owed.returns(), "--by", "jun")
    assert (again.exit_code, again.output) == (0, f"batch {owed.batch} was confirmed by jun before: nothing changes\n")
    assert owed.one(select(Payout.state)) is PayoutState.CONFIRMED
    assert owed.one(select(OperatorAct.who).order_by(OperatorAct.id.desc()).limit(1)) == "jun"


def test_a_crash_between_commit_and_file_is_made_good_by_writing_the_batch_again(owed: Office) -> None:
    lost = owed.two("payouts", "export", "--by", "mina", "--out", owed.file("no/such/folder.csv"))
    assert lost.exit_code == 1
    assert f"batch {owed.batch} is exported, but" in lost.output
    assert f"--batch {owed.batch}" in lost.output

    for name in ("first.csv", "second.csv"):
        written = owed.two("payouts", "export", "--by", "mina", "--batch", str(owed.batch), "--out", owed.file(name))
        assert written.exit_code == 0

    assert owed.rows("first.csv") == owed.rows("second.csv")
    assert len(owed.rows("first.csv")) == 2
    assert owed.two("payouts", "export", "--by", "mina", "--out", owed.file()).output == "there is nothing to export\n"


def test_who_confirms_a_batch_has_not_written_its_file(owed: Office) -> None:
    owed.two("payouts", "export", "--by", "mina", "--out", owed.file())

    refused = owed.two("payouts", "export", "--by", "jun", "--batch", str(owed.batch), "--out", owed.file("juns.csv"))

    assert (refused.exit_code, Path(owed.file("juns.csv")).exists()) == (1, False)
    assert f"batch {owed.batch} is mina's" in refused.output


@bad_input(
    {
        "confirm-amount": {"won": "42500"},
        "confirm-thousands": {"won": "4,250"},
        "confirm-account": {"account": "1234-5678-9013"},
        "confirm-bank": {"bank": "088"},
        "confirm-no-account": {"account": ""},
        "confirm-key": {"key": "po_9_forged"},
        "confirm-batch": {"batch": "99999"},
        "confirm-earlier": {"batch": "{earlier}"},
        "confirm-blank": {"result": ""},
        "confirm-maybe": {"result": "maybe"},
    }
)
def test_a_changed_file_confirms_nothing(owed: Office, row: Row, act: dict[str, str]) -> None:
    owed.two("payouts", "export", "--by", "mina", "--out", owed.file())
    changes = {name: value.format(earlier=owed.batch - 1) for name, value in act.items()}

    refused = owed.two("payouts", "confirm", owed.returns(**changes), "--by", "jun")

    assert refused.exit_code == 1
    assert row.words in refused.output
    assert owed.one(select(Payout.state)) is PayoutState.EXPORTED


def test_what_a_spreadsheet_does_to_a_bank_and_an_account_is_no_change(owed: Office) -> None:
    owed.two("payouts", "export", "--by", "mina", "--out", owed.file())

    confirmed = owed.two("payouts", "confirm", owed.returns(bank="4", account="123456789012"), "--by", "jun")

    assert (confirmed.exit_code, confirmed.output) == (0, f"batch {owed.batch}: 2 done, 0 returned\n")


@pytest.mark.parametrize(("account", "code"), [("1234-5678-9012", 0), ("1234-5678-0000", 1)])
def test_a_batch_whose_key_is_lost_is_confirmed_by_the_last_digits(owed: Office, account: str, code: int) -> None:
    owed.two("payouts", "export", "--by", "mina", "--out", owed.file())
    other = f"other:{base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()}"

    confirmed = owed.two("payouts", "confirm", owed.returns(account=account), "--by", "jun", SEALING_KEYS=other)

    assert confirmed.exit_code == code


def test_a_file_that_could_not_be_written_whole_is_not_left_behind(
    owed: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("bot.csv_files.os.fsync", full)
        failed = owed.two("payouts", "export", "--by", "mina", "--out", owed.file())

    assert (failed.exit_code, Path(owed.file()).exists()) == (1, False)
    again = owed.two("payouts", "export", "--by", "mina", "--out", owed.file(), "--batch", str(owed.batch))
    assert (again.exit_code, len(owed.rows())) == (0, 2)


def test_a_payout_that_comes_back_days_later_is_owed_again_and_taken_out_of_what_was_paid(owed: Office) -> None:
    owed.two("payouts", "export", "--by", "mina", "--out", owed.file())
    key = owed.rows()[0]["key"]
    early = owed.two("payouts", "returned", key, "--by", "mina")
    owed.two("payouts", "confirm", owed.returns(), "--by", "jun")

    back = owed.two("payouts", "returned", key, "--by", "mina")
    again = owed.two("payouts", "returned", key, "--by", "jun")

    assert (early.exit_code, again.exit_code, "nothing changes" in again.output) == (1, 1, True)
    assert (back.exit_code, back.output) == (0, f"payout {key}: 4,250 won came back and are owed to their host again\n")
    assert owed.one(select(Payout.state)) is PayoutState.RETURNED
    for account, won in ((Account.PAYABLE, -4250), (Account.TRANSFER, 0), (Account.BANK, 0)):
        lines = select(func.coalesce(func.sum(LedgerEntry.amount_won), 0)).where(LedgerEntry.account == account)
        assert int(owed.one(lines)) == won

    async def told(db: Database) -> tuple[list[int], int, int]:
        async with db.read() as session:
            host_id = await session.scalar(select(Payout.person_id)) or 0
            month = Month(seoul_date(datetime.now(UTC)).replace(day=1))
            house, _ = await house_statement(session, month)
            board = await billing.payout_board(session, host_id, LIMITS)
            return [one.won for one in await statement(session, host_id, month)], board.paid_won, house.paid_out

    assert owed.does(told) == ([4250, -4250], 0, 0)


@pytest.mark.parametrize("key", ["po_1_unknown", "정산", "'; drop table payout"])
def test_a_payout_that_is_none_does_not_come_back(office: Office, key: str) -> None:
    refused = office.two("payouts", "returned", key, "--by", "mina")

    assert (refused.exit_code, refused.output) == (2, f"there is no payout {key}\n")


@bad_input({"confirm-missing": slice(0, 1), "confirm-doubled": [0, 0]})
def test_a_file_with_too_much_or_too_little_confirms_nothing(owed: Office, row: Row, act: slice | list[int]) -> None:
    owed.two("payouts", "export", "--by", "mina", "--out", owed.file())
    head, *lines = Path(owed.returns()).read_text("utf-8").splitlines()
    kept = lines[act] if isinstance(act, slice) else [lines[at] for at in act]
    Path(owed.file("cut.csv")).write_text("\n".join([head, *kept]), "utf-8")

    refused = owed.two("payouts", "confirm", owed.file("cut.csv"), "--by", "jun")

    assert refused.exit_code == 1
    assert row.words in refused.output
    assert owed.one(select(Payout.state)) is PayoutState.EXPORTED


@bad_input({"confirm-own": ("mina", 1), "confirm-stranger": ("eve", 2)})
def test_only_another_listed_operator_confirms(owed: Office, row: Row, act: tuple[str, int]) -> None:
    owed.two("payouts", "export", "--by", "mina", "--out", owed.file())
    by, code = act

    refused = owed.two("payouts", "confirm", owed.returns(), "--by", by)

    assert refused.exit_code == code
    assert row.words in refused.output
    assert owed.one(select(Payout.state)) is PayoutState.EXPORTED


@pytest.mark.parametrize("words", [("export", "--out", "x.csv"), ("confirm", "x.csv")])
def test_only_listed_operators_act(office: Office, words: tuple[str, ...]) -> None:
    for environment in ({}, {"OPERATORS": ""}):
        refused = office.two("payouts", *words, "--by", "eve", **environment)

        assert (refused.exit_code, refused.output) == (2, "eve is not listed in OPERATORS\n")
    assert office.two("payouts", *words).exit_code == 2


def test_books_that_are_not_right_stop_the_export_and_are_told(owed: Office) -> None:
    async def set_refunded(won: int, db: Database) -> None:
        async with db.write() as session:
            await session.execute(update(Bill).values(refunded_won=won))

    owed.does(lambda db: set_refunded(1, db))

    refused = owed.two("payouts", "export", "--by", "mina", "--out", owed.file())

    assert refused.exit_code == 1
    assert "nothing was exported, the books are not right" in refused.output
    assert "refunded_equals_done" in refused.output
    assert owed.one(select(Payout.state)) is PayoutState.PLANNED
    assert owed.one(select(Outgoing.name).where(Outgoing.name == "alerts.audit_violation").limit(1)) is not None
    owed.does(lambda db: set_refunded(0, db))


def test_a_file_is_never_replaced_and_a_batch_must_be_there(owed: Office) -> None:
    Path(owed.file()).write_text("mine")

    for words, told in (
        (("--out", owed.file()), "exists already"),
        (("--out", owed.file("new.csv"), "--batch", "99999"), "there is no batch 99999"),
        (("--out", owed.file("new.csv"), "--batch", str(owed.batch)), "was confirmed by jun"),
    ):
        refused = owed.two("payouts", "export", "--by", "mina", *words)
        assert refused.exit_code in (1, 2)
        assert told in refused.output

    assert Path(owed.file()).read_text() == "mine"
    assert owed.one(select(Payout.state)) is PayoutState.PLANNED


def test_without_keys_or_with_others_no_account_is_opened(owed: Office) -> None:
    assert (
        "SEALING_KEYS is empty" in owed.two("payouts", "export", "--by", "mina", "--out", "x", SEALING_KEYS="").output
    )
    other = f"other:{base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()}"

    refused = owed.two("payouts", "export", "--by", "mina", "--out", owed.file(), SEALING_KEYS=other)

    assert refused.exit_code == 2
    assert "cannot be opened" in refused.output


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01", b"batch,key\n", "내용".encode(), b'"a'])
def test_what_is_no_file_of_ours_is_refused(office: Office, content: bytes) -> None:
    Path(office.file()).write_bytes(content)

    refused = office.two("payouts", "confirm", office.file(), "--by", "jun")

    assert refused.exit_code in (1, 2)
    assert "Traceback" not in refused.output
    assert office.two("payouts", "confirm", office.file("missing.csv"), "--by", "jun").exit_code == 2


def test_the_list_says_what_waits(owed: Office) -> None:
    assert owed.two("payouts", "list").output == "to be exported: 1 payouts, 4,250 won, 1 accounts to verify\n"
    owed.two("payouts", "export", "--by", "mina", "--out", owed.file())

    told = owed.two("payouts", "list").output

    assert "to be exported: 0 payouts, 0 won, 0 accounts" in told
    assert f"batch {owed.batch}: exported by mina at" in told
    assert "1 payouts, 4,250 won, not confirmed" in told


def test_the_list_says_what_is_kept_back_and_who_owes(owed: Office) -> None:
    by_hand = replace(LIMITS, smallest_partial_cancel_won=100_000)

    async def everything_goes_back(db: Database) -> None:
        async with db.write() as session:
            bill = (await session.scalars(select(Bill))).one()
            parts = [
                await billing.plan_refund(session, bill, won, "claim", datetime.now(UTC), by_hand) for won in (4249, 1)
            ]
        for (transfer,) in parts:
            await db.transact(billing.confirm_transfer, transfer.id, "mina", datetime.now(UTC))

    owed.does(everything_goes_back)

    told = owed.two("payouts", "list").output

    assert "to be exported: 0 payouts, 0 won, 1 accounts to verify" in told
    assert "kept back: 1 payouts, 4,250 won: their hosts have no proven account, or owe as much" in told
    assert "owes 4,250 won: taken off what is owed to them next" in told


def test_what_is_stuck_is_told_with_exit_code_1(owed: Office) -> None:
    quiet = owed.two("bills", "stuck")
    assert (quiet.exit_code, quiet.output) == (0, "nothing is stuck\n")
    owed.two("payouts", "export", "--by", "mina", "--out", owed.file())

    async def four_days_pass(db: Database) -> None:
        now = datetime.now(UTC)
        async with db.write() as session:
            await session.execute(update(Payout).values(exported_at=now - timedelta(days=4)))
            session.add(
                Outgoing(
                    kind="notice",
                    person_id=1,
                    name="payouts.paid",
                    data={},
                    state=SendState.DEAD,
                    created_at=now,
                    not_before=now,
                )
            )

    owed.does(four_days_pass)

    told = owed.two("bills", "stuck")

    assert told.exit_code == 1
    assert "was exported and not confirmed, since" in told.output
    assert "about money could not be delivered" in told.output


def test_a_payment_that_nobody_answers_for_is_stuck(office: Office) -> None:
    async def fill(db: Database) -> None:
        async with till_open(db, office.clock) as till:
            bill = await open_bill(db, office.clock)
            till.faults.add("*", "confirm_critical")
            await till.settles(await till.approves(bill.id))
            till.faults.add("*", "html_502", times=100)
            for _ in range(8):
                await till.minutes_pass(130)

    office.does(fill)

    told = office.two("bills", "stuck").output

    assert "is held by a payment that is being approved" in told
    assert "the provider does not say whether it was paid" in told


@pytest.mark.parametrize("cell", ["=1+1", "+82", "-1", "@x", "\tx", "\rx"])
def test_no_cell_is_taken_for_a_formula(cell: str) -> None:
    assert harmless(cell) == f"'{cell}"


def test_a_file_comes_back_as_it_went_whatever_the_spreadsheet_saved_it_in() -> None:
    content = as_csv(("key", "holder"), [("po_1", HOLDER)])

    for saved in (content, content.decode("utf-8-sig").encode(), content.decode("utf-8-sig").encode("cp949")):
        assert read_rows(saved) == [{"key": "po_1", "holder": HOLDER}]


def test_accounts_are_sealed_anew_under_the_first_key_of_the_ring(owed: Office) -> None:
    new = f"new:{base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()}"
    both = {"SEALING_KEYS": f"{new},{ENVIRONMENT['SEALING_KEYS']}"}

    assert owed.two("keys", "reseal", "--by", "eve", **both).exit_code == 2
    resealed = owed.two("keys", "reseal", "--by", "mina", **both)

    assert (resealed.exit_code, resealed.output) == (
        0,
        "6 cells are sealed anew: nothing in the database needs a former key\n",
    )
    exported = owed.two("payouts", "export", "--by", "mina", "--out", owed.file(), SEALING_KEYS=new)
    assert exported.exit_code == 0
    assert {row["account"] for row in owed.rows()} == {"1234-5678-9012"}
    without_old = owed.two("keys", "reseal", "--by", "mina", SEALING_KEYS=ENVIRONMENT["SEALING_KEYS"])
    assert without_old.exit_code == 1
    assert "payout_account:" in without_old.output
