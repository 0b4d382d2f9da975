"""`two evaluate`: reads the files, measures, prints a table or JSON, draws a picture."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from recommender.files import Scale, read_ratings
from recommender.report import Questions, report
from recommender.title_files import read_titles
from recommender.titles import Titles

_STARS = (("rmse", "RMSE", 4), ("mae", "MAE", 4), ("fit_s", "fit s", 2), ("predict_s", "predict s", 2))
_RANK = (("ndcg10", "NDCG@10", 4), ("recall10", "recall@10", 4), ("coverage10", "coverage@10", 3))
OURS = "TWO"


def evaluate(
    ratings: Path, titles: Path | None, test: Path | None, scale: Scale | None, asked: Questions, console: Console
) -> dict[str, Any]:
    """Measure with a progress bar on the console; FileRefused names file and line."""
    table = read_ratings(ratings, scale)
    unseen = None if test is None else read_ratings(test, scale or table.scale)
    catalogue = Titles() if titles is None else read_titles(titles)
    with Progress(console=console, transient=True) as progress:
        found = report(table, catalogue, asked, _ticker(progress), test=unseen)
    scale_used = [table.scale.low, table.scale.high]
    about = {"rows": len(table), "dropped": table.dropped, "scale": scale_used, "tier": asked.tier}
    return {"data": about, **found}


def _ticker(progress: Progress) -> Callable[[str, float], None]:
    bars: dict[str, Any] = {}

    def tick(what: str, part: float) -> None:
        if what not in bars:
            for bar in bars.values():
                progress.update(bar, completed=1)
            bars[what] = progress.add_task(what, total=1)
        progress.update(bars[what], completed=part)

    return tick


def as_json(found: dict[str, Any]) -> str:
    """Return everything that was measured."""
    return json.dumps(found, ensure_ascii=False, indent=2, allow_nan=False)


def as_tables(found: dict[str, Any]) -> list[Table]:
    """Return what was measured as tables: ours first, then the peers with their ratios to ours."""
    tables = [_beside_peers(found)]
    if "rank" in found:
        tables.append(_rows("Variety", ("strength", "NDCG@10", "coverage@10", "alike@10"), [
            (f"{one.get('strength', 0):g}", f"{one['ndcg10']:.4f}", f"{one['coverage10']:.3f}",
             f"{one['alike10']:.3f}" if "alike10" in one else "")
            for one in (found["rank"], found["rank"]["varied"])
        ]))  # fmt: skip
    if "cold" in found:
        tables.append(_rows("Few ratings", ("ratings", "RMSE", "NDCG@10"), [
            (size, f"{one['rmse']:.4f}", f"{one['ndcg10']:.4f}") for size, one in found["cold"].items()
        ]))  # fmt: skip
    if "groups" in found:
        tables.append(_rows("Groups of 2 to 6", ("method", "mean NDCG@10", "of the worst-off"), [
            (method, f"{one['mean']:.4f}", f"{one['min']:.4f}") for method, one in found["groups"].items()
        ]))  # fmt: skip
    if "ties" in found:
        tables.append(_rows("Unseen titles with a tied score", ("people x ratings", "share"), [
            (size, f"{share:.2%}") for size, share in found["ties"].items()
        ]))  # fmt: skip
    return tables


def _beside_peers(found: dict[str, Any]) -> Table:
    columns = [*(_STARS if "rmse" in found else ()), *(_RANK if "rank" in found else ())]
    peers = found.get("peers", {})
    table = Table(title="Stars and lists" if columns else f"Peak memory {found['peak_mb']:.0f} MB")
    table.add_column("")
    for _, title, _ in columns:
        table.add_column(title, justify="right")
    for name, one in {OURS: found, **peers}.items():
        values = {**one, **one.get("rank", {})}
        ratios = one.get("ratio", {})
        table.add_row(name, *(_cell(values.get(key), ratios.get(key), digits) for key, _, digits in columns))
    return table


def _cell(value: float | None, ratio: float | None, digits: int) -> str:
    if value is None:
        return ""
    return f"{value:.{digits}f}" + ("" if ratio is None else f"  x{ratio:.3g}")


def _rows(title: str, columns: tuple[str, ...], rows: list[tuple[str, ...]]) -> Table:
    table = Table(*columns, title=title)
    for row in rows:
        table.add_row(*row)
    return table


def check_drawing(to: Path) -> None:
    """Raise ValueError where no picture could be drawn, before anything is measured for it."""
    try:
        from matplotlib.backend_bases import FigureCanvasBase
    except ImportError:
        raise ValueError("--plot needs matplotlib, which is not installed") from None
    kinds = FigureCanvasBase.get_supported_filetypes()
    if to.suffix.lower().removeprefix(".") not in kinds:
        raise ValueError(f"--plot {to}: the name of a picture ends in .png")
    if not to.parent.is_dir():
        raise ValueError(f"--plot {to}: there is no such folder")


def draw(found: dict[str, Any], to: Path) -> None:
    """Draw what was measured as bars, ours and the peers'; needs matplotlib (a development tool)."""
    from matplotlib.figure import Figure

    panels = [(key, title, found) for key, title, _ in _STARS[:1] if key in found]
    panels += [(key, title, found["rank"]) for key, title, _ in _RANK[:1] if "rank" in found]
    if "cold" in found:
        panels.append(("cold", "NDCG@10 after so many ratings", found["cold"]))
    if "groups" in found:
        panels.append(("groups", "NDCG@10 of a group's members", found["groups"]))
    figure = Figure(figsize=(4.5 * max(len(panels), 1), 4), layout="constrained")
    for number, (key, title, where) in enumerate(panels, start=1):
        axes = figure.add_subplot(1, len(panels), number)
        if key in ("cold", "groups"):
            names = list(where)
            values = [where[name]["ndcg10" if key == "cold" else "mean"] for name in names]
        else:
            beside = {OURS: found, **found.get("peers", {})}
            by_name = {name: {**one, **one.get("rank", {})}.get(key) for name, one in beside.items()}
            names = [name for name, value in by_name.items() if value is not None]
            values = [by_name[name] for name in names]
        axes.barh(names[::-1], values[::-1], color=["#c05621" if name == OURS else "#718096" for name in names[::-1]])
        axes.set_title(title)
        if key == "rmse":
            axes.set_xlim(min(values) * 0.95, max(values) * 1.01)
    figure.savefig(to, dpi=120)
