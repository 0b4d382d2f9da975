"""CSV files for spreadsheets: in UTF-8 as Excel reads it, and no cell is taken for a formula."""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Sequence
from pathlib import Path

# A spreadsheet computes what begins with one of these.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def harmless(cell: object) -> str:
    """Return a cell as text that no spreadsheet computes; a number stays a number."""
    text = str(cell)
    return f"'{text}" if not isinstance(cell, int) and text.startswith(_FORMULA) else text


def as_csv(columns: Sequence[str], rows: Sequence[Sequence[object]]) -> bytes:
    """Return a file with a line of column names, marked as UTF-8 for Excel."""
    text = io.StringIO()
    lines = csv.writer(text)
    lines.writerow(columns)
    lines.writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def write_private(path: Path, content: bytes) -> None:
    """Write a new file that nobody but its owner reads; FileExistsError instead of replacing one.

    What could not be written whole is deleted: half a file of transfers must not be taken for one.
    """
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except BaseException:
            os.unlink(path)
            raise


def read_rows(content: bytes) -> list[dict[str, str]]:
    """Return the lines by column as a spreadsheet saved them: in UTF-8, or in Korean Windows' own encoding.

    ValueError for what is no such file.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp949")
    try:
        return [
            {name.strip(): (cell or "").strip() for name, cell in row.items() if name is not None}
            for row in csv.DictReader(io.StringIO(text, newline=""), strict=True)
        ]
    except (csv.Error, AttributeError) as error:
        raise ValueError(str(error)) from None
