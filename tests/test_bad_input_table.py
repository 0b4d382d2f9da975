"""The table of docs/bad-input.md and the tests of its rows are the same set."""

from __future__ import annotations

from importlib import import_module

from tests.bad_input import PAGE, TRIED, table

MODULES = (
    "tests.e2e.test_bad_input",
    "tests.e2e.test_bad_input_words",
    "tests.e2e.test_bad_input_web",
    "tests.e2e.test_bad_input_cards",
    "tests.bot.test_bad_settings",
    "tests.bot.test_desk",
)


def test_every_row_of_the_table_is_one_test_and_every_test_a_row() -> None:
    for module in MODULES:
        import_module(module)

    assert set(TRIED) == set(table())
    assert {row_id: times for row_id, times in TRIED.items() if times != 1} == {}


def test_no_row_is_lost_for_its_spelling() -> None:
    lines = [line for line in PAGE.read_text("utf-8").splitlines() if line.startswith("| `")]

    assert len(lines) == len(table()) >= 40
