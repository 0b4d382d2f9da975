"""The tests' private MariaDB keeps its own promises."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from tests.mariadb import PrivateMariaDB, available

ROOT = Path(__file__).parents[1]

pytestmark = [
    pytest.mark.mariadb,
    pytest.mark.skipif(not available(), reason="no MariaDB server is installed"),
]


@pytest.fixture
def server() -> PrivateMariaDB:
    return PrivateMariaDB()


def write(server: PrivateMariaDB, value: str) -> None:
    with server.connect("kept") as connection, connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS note (id INT AUTO_INCREMENT PRIMARY KEY, body VARCHAR(40))")
        cursor.execute("INSERT INTO note (body) VALUES (%s)", [value])


def read(server: PrivateMariaDB) -> list[str]:
    with server.connect("kept") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT body FROM note ORDER BY id")
        return [body for (body,) in cursor.fetchall()]


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return False


async def test_a_new_database_answers_on_its_address_with_four_byte_text() -> None:
    with PrivateMariaDB() as server:
        engine = create_async_engine(server.create_database("fresh"))

        async with engine.connect() as connection:
            said = (await connection.execute(text("SELECT '넷플릭스 🍿', DATABASE(), @@port"))).one()
        await engine.dispose()

        assert tuple(said) == ("넷플릭스 🍿", "fresh", server.port)


def test_a_value_that_does_not_fit_is_refused_instead_of_cut() -> None:
    with PrivateMariaDB() as server, server.connect() as connection, connection.cursor() as cursor:
        server.create_database("kept")
        cursor.execute("CREATE TABLE kept.short (body VARCHAR(3))")

        with pytest.raises(Exception, match="Data too long"):
            cursor.execute("INSERT INTO kept.short VALUES ('four')")


def test_two_servers_live_side_by_side_without_meeting() -> None:
    with PrivateMariaDB() as one, PrivateMariaDB() as other:
        one.create_database("kept")
        other.create_database("kept")

        write(one, "mine")
        write(other, "yours")

        assert one.port != other.port
        assert (read(one), read(other)) == (["mine"], ["yours"])


@pytest.mark.parametrize("durable", [False, True])
def test_what_was_committed_survives_a_killed_server(durable: bool) -> None:
    with PrivateMariaDB(durable=durable) as server:
        url = server.create_database("kept")
        write(server, "before the crash")

        server.kill()
        assert not server.running
        server.start()

        write(server, "after it")
        assert read(server) == ["before the crash", "after it"]
        assert server.url("kept") == url


def test_a_durable_server_waits_for_the_disk_at_every_commit() -> None:
    with PrivateMariaDB(durable=True) as server, server.connect() as connection, connection.cursor() as cursor:
        cursor.execute("SELECT @@innodb_flush_log_at_trx_commit, @@innodb_doublewrite")

        assert cursor.fetchone() == (1, 1)
        assert not server.folder.is_relative_to("/dev/shm")


def test_a_restart_keeps_port_and_data_and_changes_the_process() -> None:
    with PrivateMariaDB() as server:
        server.create_database("kept")
        write(server, "still here")
        before = (server.port, server.pid)

        server.restart()

        assert server.port == before[0]
        assert server.pid != before[1]
        assert read(server) == ["still here"]


def test_a_dropped_database_is_gone_and_dropping_it_again_is_no_error() -> None:
    with PrivateMariaDB() as server:
        server.create_database("kept")

        server.drop_database("kept")
        server.drop_database("kept")

        with server.connect() as connection, connection.cursor() as cursor:
            cursor.execute("SHOW DATABASES LIKE 'kept'")
            assert cursor.fetchall() == ()


def test_a_name_that_is_not_a_name_never_reaches_the_server(server: PrivateMariaDB) -> None:
    with pytest.raises(ValueError, match="not a database name"):
        server.create_database("x`; DROP DATABASE mysql; --")


def test_closing_leaves_neither_process_nor_folder() -> None:
    with PrivateMariaDB() as server:
        pid, folder = server.pid, server.folder

    assert gone(pid)
    assert not folder.exists()


def test_the_server_and_its_folder_go_when_the_test_process_is_killed() -> None:
    started = (
        "import sys; from tests.mariadb import PrivateMariaDB as P; s = P(); s.start();"
        "print(s.pid, s._watcher.pid, s.folder, flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", started], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        server, watcher, folder = process.stdout.readline().split()
        # A pidfd becomes readable when its process ends, so nothing here polls.
        ends = [os.pidfd_open(int(pid)) for pid in (server, watcher)]

        process.send_signal(signal.SIGKILL)

    for end in ends:
        assert select.select([end], [], [], 60)[0], "it outlived the process that started it"
        os.close(end)
    assert not Path(folder).exists()
