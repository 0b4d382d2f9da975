"""Commands about the keys under which secrets are sealed."""

from __future__ import annotations

import base64
import os
from typing import Annotated

import typer

from bot.cli.calling import By, at_desk, console
from core.sealing import KEY_BYTES

keys_app = typer.Typer(no_args_is_help=True, help="Keys for what is sealed.")


@keys_app.command("new")
def keys_new(
    name: Annotated[str, typer.Argument(help="The key's name; an old ring is appended after a comma.")],
) -> None:
    """Print a new key for SEALING_KEYS."""
    console.print(f"{name}:{base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()}", soft_wrap=True)


@keys_app.command("reseal")
def keys_reseal(by: By) -> None:
    """Seal accounts and cards anew under the first key of SEALING_KEYS; may be stopped and called again."""
    at_desk(by, lambda desk: desk.reseal())
