"""What the log never tells, however talkative it is set."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest
import structlog
from telegram.error import TelegramError
from telegram.ext import ApplicationBuilder

from bot.cli import set_up_logging
from bot.demo import free_port

TOKEN = "987654321:" + "canaryTOKEN" * 3


@pytest.fixture(autouse=True)
def levels() -> Iterator[None]:
    """Give every logger its level back."""
    loggers = [logging.getLogger(), *map(logging.getLogger, list(logging.Logger.manager.loggerDict))]
    before = {logger: logger.level for logger in loggers}
    yield
    for name in list(logging.Logger.manager.loggerDict):
        logging.getLogger(name).setLevel(logging.NOTSET)
    for logger, level in before.items():
        logger.setLevel(level)
    structlog.reset_defaults()


async def test_at_debug_neither_the_token_nor_what_is_said_is_written(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    set_up_logging("DEBUG")
    logging.getLogger().setLevel(logging.DEBUG)
    nowhere = f"http://127.0.0.1:{free_port()}/bot"

    with caplog.at_level(logging.DEBUG):
        bot = ApplicationBuilder().token(TOKEN).base_url(nowhere).updater(None).job_queue(None).build().bot
        with pytest.raises(TelegramError):
            await bot.send_message(1, "canary words")

    logging.getLogger("here").debug("heard")
    written = caplog.text + "".join(capfd.readouterr())
    assert "heard" in written
    assert TOKEN.split(":")[1] not in written
    assert "canary words" not in written


def test_the_control_that_libraries_would_tell_the_token(caplog: pytest.LogCaptureFixture) -> None:
    logging.getLogger("telegram").setLevel(logging.NOTSET)

    with caplog.at_level(logging.DEBUG):
        ApplicationBuilder().token(TOKEN).updater(None).job_queue(None).build()

    assert TOKEN in caplog.text
