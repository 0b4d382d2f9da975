"""Commands that train and measure."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Literal, NoReturn

import typer
from rich.console import Console
from rich.markup import escape

from bot.cli.calling import console, on_database, read_settings, run_async, set_up_logging
from bot.settings import SPARK_MASTER

export_app = typer.Typer(no_args_is_help=True, help="Data for training elsewhere.")


def train(
    engine: Annotated[
        Literal["own", "spark"] | None, typer.Option(help="Without it: Spark where SPARK_MASTER is set.")
    ] = None,
    ratings: Annotated[
        str | None, typer.Option(help="spark: the Parquet file to read; without it one is written for the while.")
    ] = None,
    master: Annotated[
        str | None,
        typer.Option(help="spark: where it works, e.g. local[2]; SPARK_MASTER, or every core of this machine."),
    ] = None,
    tier: Annotated[
        Literal["instant", "full"] | None,
        typer.Option(help="own: full predicts better stars, instant is ready some ten times sooner; full without it."),
    ] = None,
) -> None:
    """Train the recommender on the present ratings and store the model."""
    from bot.exporting import SparkRefused
    from bot.training import Spark
    from bot.training import train as train_model
    from core.clock import SystemClock

    settings = read_settings()
    by_spark = engine == "spark" or (engine is None and bool(settings.spark_master))
    if not by_spark and (ratings or master):
        _refuse("--ratings and --master go with --engine spark")
    if by_spark and tier:
        _refuse("--tier goes with --engine own")
    if master and not SPARK_MASTER.fullmatch(master):
        _refuse(f"{master} is no place where Spark works; one is local[2]")
    try:
        folder = Path(settings.spark_folder) if settings.spark_folder else None
        spark = Spark(master or settings.spark_master or "local[*]", ratings, folder) if by_spark else None
        console.print(str(on_database(lambda db: train_model(db, SystemClock(), spark, tier=tier or "full"), settings)))
    except (SparkRefused, OSError) as error:
        _refuse(str(error))


@export_app.command("ratings")
def export_ratings(to: Annotated[Path, typer.Argument(help="The Parquet file to write; it must not exist.")]) -> None:
    """Write everybody's ratings into a file that Spark trains on; people are numbers in it."""
    from bot import exporting

    try:
        count = on_database(lambda db: exporting.export_ratings(db, to))
    except (exporting.SparkRefused, OSError) as error:
        _refuse(str(error))
    console.print(f"{count} ratings in {to}; they are people's: delete the file when it has served", soft_wrap=True)


def _refuse(sentence: str) -> NoReturn:
    # not where a process that trains for the bot is read by nobody
    Console(stderr=True).print(f"[red]{escape(sentence)}[/red]", soft_wrap=True)
    raise typer.Exit(2)


def evaluate(
    ratings: Annotated[Path | None, typer.Option(help="u.data, a :: file, or CSV with a header.")] = None,
    titles: Annotated[Path | None, typer.Option(help="u.item, movies.csv, a :: file, or CSV with a header.")] = None,
    folds: Annotated[int, typer.Option(min=2, help="Folds of cross-validation.")] = 5,
    seed: Annotated[int, typer.Option(min=0, max=2**32 - 1, help="Decides folds, splits and samples.")] = 0,
    tier: Annotated[Literal["instant", "full"], typer.Option(help="What is trained; full takes longer.")] = "instant",
    train_file: Annotated[Path | None, typer.Option("--train", help="Train on this file, with --test.")] = None,
    test_file: Annotated[Path | None, typer.Option("--test", help="Predict the rows of this file.")] = None,
    scale: Annotated[
        str | None, typer.Option(help="The scale of the ratings, e.g. 1:10, where it is not clear.")
    ] = None,
    rank: Annotated[bool, typer.Option("--rank", help="Lists: each user's rows split 80/20.")] = False,
    cold: Annotated[str, typer.Option(help="People of whom so few ratings are known, e.g. 0,1,5,10.")] = "",
    groups: Annotated[bool, typer.Option("--groups", help="Lists for groups of 2 to 6.")] = False,
    ties: Annotated[bool, typer.Option("--ties", help="Equal scores in a young database.")] = False,
    peers: Annotated[bool, typer.Option("--peers", help="Surprise, popularity and implicit in the same run.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of tables.")] = False,
    plot: Annotated[Path | None, typer.Option(help="Draw a picture (PNG) there.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of numpy's linear algebra.")] = 1,
) -> None:
    """Measure the recommender on a file of ratings."""
    # Read when numpy is loaded, which is below.
    os.environ |= dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"), str(threads))
    from bot import evaluating
    from recommender.files import FileRefused, parse_scale
    from recommender.report import Questions

    source = train_file or ratings
    if source is None or (test_file is None) != (train_file is None) or (ratings and train_file):
        _refuse("Give --ratings FILE, or --train FILE with --test FILE.")
    try:
        if plot is not None:
            evaluating.check_drawing(plot)
        asked = Questions(
            folds=folds, seed=seed, tier=tier, rank=rank, cold=_sizes(cold), groups=groups, ties=ties, peers=peers
        )
        on = parse_scale(scale) if scale else None
        found = evaluating.evaluate(source, titles, test_file, on, asked, Console(stderr=True))
    except OSError as error:
        _refuse(f"{error.filename}: {error.strerror}")
    except (FileRefused, ValueError) as error:
        _refuse(str(error))
    if as_json:
        print(evaluating.as_json(found))
    else:
        for table in evaluating.as_tables(found):
            console.print(table)
    if plot is not None:
        evaluating.draw(found, plot)


def _sizes(text: str) -> list[int]:
    sizes = [part.strip() for part in text.split(",") if part.strip()]
    if not all(size.isdecimal() for size in sizes):
        raise ValueError(f"--cold {text}: numbers of ratings were expected, such as 0,1,5,10")
    return [int(size) for size in sizes]


def bench(
    what: Annotated[
        Literal["product", "recommend"], typer.Argument(help="The product, or the recommender.")
    ] = "product",
    taps: Annotated[int, typer.Option(min=1, help="How many taps of all kinds.")] = 600,
    ledger_rows: Annotated[int, typer.Option(min=1, help="How large the audited books are.")] = 20_000,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    database_url: Annotated[str | None, typer.Option(envvar="DATABASE_URL", help="An empty database, too.")] = None,
    ratings: Annotated[int, typer.Option(min=1000, help="recommend: how many ratings to grow to.")] = 1_000_000,
    titles: Annotated[int, typer.Option(min=100, help="recommend: the titles of the largest catalogue.")] = 100_000,
) -> None:
    """Measure taps, recommendations and the audit, on databases of its own; or the recommender by itself."""
    set_up_logging("WARNING")
    if what == "recommend":
        _bench_recommending(ratings, titles, as_json=as_json)
        return

    async def measure() -> None:
        from bot.bench.measuring import Sizes, as_table
        from bot.bench.measuring import as_json as told
        from bot.bench.run import bench as measured

        rows = await measured(Sizes(taps=taps, ledger_rows=ledger_rows), database_url)
        console.print(told(rows) if as_json else as_table(rows), soft_wrap=as_json)

    run_async(measure())


def _bench_recommending(ratings: int, titles: int, *, as_json: bool) -> None:
    from bot.bench import recommending
    from bot.bench.growing import measure_growth

    folding = [recommending.measure_folding(size, 300) for size in sorted({min(10_000, titles), titles})]
    growth = [measure_growth(3_000, 10_000, 300_000, both_heads=True)]
    growth += [
        measure_growth(max(10, size * 7 // 1000), max(100, int(10.7 * (size / 10) ** 0.5)), size)
        for size in (100_000, 1_000_000, 10_000_000)
        if size <= ratings
    ]
    if as_json:
        print(recommending.as_json(folding, growth))
        return
    for table in recommending.as_tables(folding, growth):
        console.print(table)
