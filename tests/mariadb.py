"""A MariaDB server of the tests' own: a free port, a temporary folder, nothing of the machine's configuration."""

from __future__ import annotations

import atexit
import contextlib
import os
import random
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pymysql
from pymysql.connections import Connection

_PLACES = os.pathsep.join([os.environ.get("PATH", os.defpath), "/usr/sbin", "/usr/local/sbin", "/usr/libexec"])
_MEMORY = Path("/dev/shm")
_ROOM_BYTES = 768 * 1024 * 1024
_START_SECONDS = 60.0
_STOP_SECONDS = 30.0
_PORT_TRIES = 200

_EVERYWHERE = (
    "--bind-address=127.0.0.1",
    "--skip-name-resolve",
    "--skip-log-bin",
    "--character-set-server=utf8mb4",
    "--collation-server=utf8mb4_unicode_ci",  # not the product's own choice: it must not lean on the server's
    "--sql-mode=STRICT_ALL_TABLES,ERROR_FOR_DIVISION_BY_ZERO,NO_ZERO_DATE,NO_ZERO_IN_DATE,NO_ENGINE_SUBSTITUTION",
    "--max-connections=300",
    "--performance-schema=OFF",
)
_SIZES = ("--innodb-buffer-pool-size=128M", "--innodb-log-file-size=48M")
_DURABLE = ("--innodb-flush-log-at-trx-commit=1", "--innodb-doublewrite=ON")
# 2 and not 0: a commit still survives a killed server (not a power cut), so that kill() is fair in both modes.
_FAST = ("--innodb-flush-log-at-trx-commit=2", "--innodb-doublewrite=OFF", "--innodb-flush-method=nosync")

# Ends the server and sweeps its folder when the test process is gone, however it went: its end of the pipe closes.
# A parent-death signal would not do: it fires when the *thread* that started the server ends.
_WATCH = 'read _; kill -9 "$1" 2>/dev/null; rm -rf "$2"'


class MariaDBDidNotStart(RuntimeError):
    """The private server ended or kept silent; carries the end of its log."""


def available() -> bool:
    """Say whether this machine has a MariaDB server to start."""
    return _program("mariadbd") is not None and _program("mariadb-install-db") is not None


class PrivateMariaDB:
    """Start a `mariadbd` that nobody else uses, and take everything away at the end."""

    def __init__(self, *, durable: bool = False, options: Sequence[str] = ()) -> None:
        self.durable = durable
        self.port = 0
        self._options = tuple(options)
        self._folder: Path | None = None
        self._server: subprocess.Popen[bytes] | None = None
        self._watcher: subprocess.Popen[bytes] | None = None
        self._owner = os.getpid()
        self._lock = threading.RLock()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def running(self) -> bool:
        """Say whether the server process lives."""
        return self._server is not None and self._server.poll() is None

    @property
    def pid(self) -> int:
        """Give the process id of the running server."""
        if self._server is None:
            raise RuntimeError("the private MariaDB is not running")
        return self._server.pid

    @property
    def folder(self) -> Path:
        """Give the temporary folder that holds data, socket and log."""
        if self._folder is None:
            raise RuntimeError("the private MariaDB was never started")
        return self._folder

    def start(self) -> None:
        """Start the server and return when it answers; a second start keeps port and data."""
        with self._lock:
            if self._folder is None:
                self._prepare()
                self._launch_on_a_free_port()
            elif not self.running:
                self._launch()

    def stop(self) -> None:
        """Shut the server down in good order and keep its data for the next start."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """End the server with SIGKILL, as a crash would, and keep its data for the next start."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """Stop and start again on the same port with the same data."""
        self.stop()
        self.start()

    def close(self) -> None:
        """End the server and remove its folder."""
        with self._lock:
            self.kill()
            if self._folder is not None:
                shutil.rmtree(self._folder, ignore_errors=True)
                self._folder = None

    def create_database(self, name: str) -> str:
        """Create an empty database and return its SQLAlchemy address."""
        self._execute(f"CREATE DATABASE {_quoted(name)}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it is there."""
        self._execute(f"DROP DATABASE IF EXISTS {_quoted(name)}")

    def url(self, name: str) -> str:
        """Return the SQLAlchemy address of a database."""
        return f"mysql+aiomysql://root@127.0.0.1:{self.port}/{name}?charset=utf8mb4"

    @contextlib.contextmanager
    def connect(self, database: str | None = None) -> Iterator[Connection]:
        """Open a plain connection as root that commits each statement by itself."""
        connection = pymysql.connect(
            unix_socket=str(self.folder / "sock"), user="root", database=database, autocommit=True, connect_timeout=10
        )
        try:
            yield connection
        finally:
            connection.close()

    def _execute(self, statement: str) -> None:
        with self.connect() as connection, connection.cursor() as cursor:
            cursor.execute(statement)

    def _prepare(self) -> None:
        place = _durable_place() if self.durable else _fast_place()
        self._folder = Path(tempfile.mkdtemp(prefix="two-mariadb-", dir=place))
        atexit.register(self._close_at_exit)
        done = subprocess.run(
            [
                _required("mariadb-install-db"),
                "--no-defaults",
                f"--datadir={self._folder / 'data'}",
                "--auth-root-authentication-method=normal",
                "--skip-test-db",
                *_SIZES,
                *_as_root(),
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            said = (done.stdout + done.stderr)[-4000:]
            self.close()
            raise MariaDBDidNotStart(said)

    def _launch_on_a_free_port(self) -> None:
        for self.port in _ports_outside_the_ephemeral_range():
            try:
                self._launch()
            except MariaDBDidNotStart as error:
                if "Bind on TCP/IP port" not in str(error):  # somebody else took the port meanwhile
                    self.close()
                    raise
            else:
                return
        self.close()
        raise MariaDBDidNotStart("no free port was found")

    def _launch(self) -> None:
        folder = self.folder
        log = folder / "error.log"
        log.write_bytes(b"")
        self._server = subprocess.Popen(
            [
                _required("mariadbd"),
                "--no-defaults",
                f"--datadir={folder / 'data'}",
                f"--tmpdir={folder}",
                f"--socket={folder / 'sock'}",
                f"--pid-file={folder / 'pid'}",
                f"--log-error={log}",
                f"--port={self.port}",
                *_EVERYWHERE,
                *_SIZES,
                *(_DURABLE if self.durable else _FAST),
                *self._options,
                *_as_root(),
            ],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._watcher = subprocess.Popen(
            ["/bin/sh", "-c", _WATCH, "watch", str(self._server.pid), str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._wait_until_it_answers(log)

    def _wait_until_it_answers(self, log: Path) -> None:
        end = time.monotonic() + _START_SECONDS
        while self.running and time.monotonic() < end:
            if _listens(self.folder / "sock"):  # in our folder, so that it is certainly this server that answers
                self._execute("SELECT 1")
                return
            time.sleep(0.01)
        self._end(signal.SIGKILL)
        raise MariaDBDidNotStart(log.read_text(errors="replace")[-4000:])

    def _end(self, how: signal.Signals) -> None:
        with self._lock:
            if self._watcher is not None:
                self._watcher.kill()  # first, so that it never meets a process id that is used again
                self._watcher.wait()
                if self._watcher.stdin is not None:
                    self._watcher.stdin.close()
                self._watcher = None
            if self._server is not None:
                self._server.send_signal(how)
                try:
                    self._server.wait(_STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    self._server.kill()
                    self._server.wait()
                self._server = None

    def _close_at_exit(self) -> None:
        if os.getpid() == self._owner:  # a forked child that ends must not take the parent's server along
            self.close()


def _program(name: str) -> str | None:
    return shutil.which(name, path=_PLACES)


def _required(name: str) -> str:
    found = _program(name)
    if found is None:
        raise MariaDBDidNotStart(f"{name} is not installed")
    return found


def _as_root() -> tuple[str, ...]:
    return ("--user=root",) if os.geteuid() == 0 else ()


def _fast_place() -> Path:
    with contextlib.suppress(OSError):
        if os.access(_MEMORY, os.W_OK | os.X_OK) and shutil.disk_usage(_MEMORY).free >= _ROOM_BYTES:
            return _MEMORY
    return Path(tempfile.gettempdir())


def _durable_place() -> Path:
    disk = Path("/var/tmp")  # /tmp may live in memory
    return disk if os.access(disk, os.W_OK | os.X_OK) else Path(tempfile.gettempdir())


def _ports_outside_the_ephemeral_range() -> Iterator[int]:
    """Offer free ports that no outgoing connection can take while the server is down."""
    for _ in range(_PORT_TRIES):
        port = random.SystemRandom().randrange(15000, 32000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        yield port


def _listens(path: Path) -> bool:
    # PyMySQL leaves its socket open when a connection is refused, hence a bare one.
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


def _quoted(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_]{1,64}", name):
        raise ValueError(f"not a database name: {name!r}")
    return f"`{name}`"
