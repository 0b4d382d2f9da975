"""docs/bad-input.md as data: each row there is a test, and each test tells what its row says."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[1] / "docs" / "bad-input.md"
NOTHING_CHANGES = "nothing changes"
_LINE = re.compile(r"^\| `(?P<id>[a-z0-9-]+)` \| (?P<given>.+?) \| (?P<answer>.+?) \| (?P<state>.+?) \|$", re.MULTILINE)
# The rows that tests have taken up so far, with how often.
TRIED: dict[str, int] = {}


@dataclass(frozen=True)
class Row:
    """One line of the table: an HTTP status where there is one, and words that the answer holds."""

    id: str
    given: str
    answer: str
    state: str

    @property
    def status(self) -> int:
        """Return the status of the answer's page."""
        return int(self.answer[:3])

    @property
    def words(self) -> str:
        """Return what a person reads, without the status before it."""
        return re.sub(r"^\d{3} ?", "", self.answer)


@cache
def table() -> Mapping[str, Row]:
    """Return the rows of the page by their ids; ValueError for an id that stands there twice."""
    rows = [Row(**found.groupdict()) for found in _LINE.finditer(PAGE.read_text("utf-8"))]
    if len(rows) != len({row.id for row in rows}):
        raise ValueError("two rows of docs/bad-input.md have one id")
    return {row.id: row for row in rows}


def bad_input(rows: Mapping[str, object] | Iterable[str]) -> pytest.MarkDecorator:
    """Run a test for these rows: `row` is the line of the page, `act` what the mapping holds for it."""
    for row_id in rows:
        TRIED[row_id] = TRIED.get(row_id, 0) + 1
    if isinstance(rows, Mapping):
        return pytest.mark.parametrize(
            ("row", "act"), [pytest.param(table()[row_id], act, id=row_id) for row_id, act in rows.items()]
        )
    return pytest.mark.parametrize("row", [pytest.param(table()[row_id], id=row_id) for row_id in rows])
