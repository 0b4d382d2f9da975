"""Commands that serve the product: the bot itself, its ticks, its schema, its demo."""

from __future__ import annotations

import asyncio
import signal
from typing import TYPE_CHECKING, Annotated

import typer

from bot import database
from bot.cli.calling import console, read_settings, run_async, set_up_logging

if TYPE_CHECKING:
    from bot.app import Two

db_app = typer.Typer(no_args_is_help=True, help="The database's schema.")


def run(
    polling: Annotated[bool, typer.Option(help="Fetch updates instead of being called; for a laptop.")] = False,
) -> None:
    """Serve the bot."""
    settings = read_settings()

    async def serve() -> None:
        from bot.app import running

        async with running(settings, polling=polling) as two:
            await until_stopped(two)
        if two.failed:
            raise typer.Exit(1)

    run_async(serve())


def tick() -> None:
    """Run every tick once; for cron or a serverless timer."""
    settings = read_settings()

    async def once() -> None:
        from bot.app import prepared

        async with prepared(settings) as two:
            await two.ticks.run_all()
            while await two.sender.send_waiting():
                pass

    run_async(once())


@db_app.command("upgrade")
def db_upgrade() -> None:
    """Bring the schema and the plan catalogue up to date."""
    settings = read_settings()
    run_async(database.upgrade(settings.database_url))
    console.print("the database is up to date")


def demo(
    check: Annotated[bool, typer.Option("--check", help="Play the main job over HTTP and end.")] = False,
    port: Annotated[int, typer.Option(help="The page's port; 0 takes a free one.")] = 8020,
    webhook: Annotated[bool, typer.Option(help="Deliver updates by webhook instead of polling.")] = False,
) -> None:
    """Show the whole product with stand-ins for Telegram and Bootpay."""
    set_up_logging("WARNING")

    async def show() -> None:
        from bot.demo import demo_running, invite_people
        from bot.sandbox.chats import Chats

        with console.status("TWO is getting ready ..."):
            stack = demo_running(port=port, webhook=webhook)
            running = await stack.__aenter__()
        try:
            async with Chats(running.telegram.url) as chats:
                await invite_people(running, chats)
            console.print(f"TWO demo: {running.telegram.url}\nCtrl+C ends it.")
            await until_stopped(running.two)
        finally:
            await stack.__aexit__(None, None, None)

    if not check:
        run_async(show())
        return
    from bot.walk import walk

    if not asyncio.run(walk(console.print, webhook=webhook)):
        raise typer.Exit(1)


async def until_stopped(two: Two) -> None:
    """Wait for Ctrl+C, SIGTERM, or for a part of the product to break."""
    stop = two.broken
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, stop.set)
    await stop.wait()
