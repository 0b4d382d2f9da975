"""`two`: the command line of the product. Every command is listed here, in the order of its help."""

from __future__ import annotations

import typer

from bot.cli import keys, models, operators, serving
from bot.cli.calling import set_up_logging

__all__ = ["app", "main", "set_up_logging"]

app = typer.Typer(
    no_args_is_help=True, add_completion=False, help="TWO: share an OTT subscription, from a Telegram chat."
)
for command in (
    serving.run,
    serving.tick,
    serving.demo,
    operators.check,
    operators.reconcile,
    operators.statement,
    models.train,
    models.evaluate,
    models.bench,
):
    app.command()(command)
app.add_typer(serving.db_app, name="db")
app.add_typer(keys.keys_app, name="keys")
app.add_typer(models.export_app, name="export")
app.add_typer(operators.payouts_app, name="payouts")
app.add_typer(operators.bills_app, name="bills")
app.add_typer(operators.refunds_app, name="refunds")
app.add_typer(operators.claims_app, name="claims")


def main() -> None:
    """Run the command line."""
    app()
