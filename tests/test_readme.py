"""What the READMEs say is true: settings, commands, paths and tests exist, and both languages tell the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import typer

from bot.cli import app
from bot.routes import COMMANDS, MENU
from bot.settings import PROVIDER_ADDRESSES, Settings

ROOT = Path(__file__).parents[1]
READMES = ("README.md", "README.ko.md")
PAGES = (*READMES, *(f"docs/{page.name}" for page in sorted((ROOT / "docs").glob("*.md"))))
KOREAN = re.compile("[가-힣]")


def text(page: str) -> str:
    return (ROOT / page).read_text("utf-8")


def code_of(page: str) -> str:
    """Return what stands in code, inline or in blocks."""
    blocks = re.findall(r"```.*?\n(.*?)```", text(page), re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"```.*?```", "", text(page), flags=re.DOTALL))
    return "\n".join([*blocks, *inline]) + "\n"


def headings(page: str) -> list[str]:
    """Return the marks of the headings, in order; what looks like one inside a code block is none."""
    outside = re.sub(r"```.*?```", "", text(page), flags=re.DOTALL)
    return re.findall(r"^(#+) ", outside, re.MULTILINE)


def settings_table(page: str) -> dict[str, str]:
    """Return name -> default of the configuration table."""
    rows = re.findall(r"^\| `([A-Z_]{3,})` \| (.*?) \|", text(page), re.MULTILINE)
    return {name: default.strip("`") for name, default in rows}


def real_settings() -> dict[str, str | None]:
    """Return name -> default as the code has it; None where there is none."""
    fields = {name: field for name, field in Settings.model_fields.items() if name not in PROVIDER_ADDRESSES}
    return {name.upper(): None if field.is_required() else str(field.default) for name, field in fields.items()}


def commands_of(command: Any, name: str = "two") -> dict[str, set[str]]:
    """Return every command of the command line with its options."""
    below = getattr(command, "commands", None)
    if below is None:
        return {name: {spelling for option in command.params for spelling in option.opts}}
    return {path: options for word in below for path, options in commands_of(below[word], f"{name} {word}").items()}


@pytest.mark.parametrize("page", READMES)
def test_every_setting_is_in_the_table_with_its_default_and_nothing_else_is(page: str) -> None:
    without, empty = {"none", "없음"}, {"empty", "빈 값"}

    told = settings_table(page)

    assert list(told) == list(real_settings())
    for name, default in real_settings().items():
        if default is None:
            assert told[name] in without, name
        elif default == "":
            assert told[name] in empty, name
        else:
            assert told[name].lower() == default.lower(), name


@pytest.mark.parametrize("page", READMES)
def test_the_table_of_the_chat_names_start_and_the_whole_menu(page: str) -> None:
    told = re.findall(r"^\| `/([a-z_]+)` \|", text(page), re.MULTILINE)

    assert sorted(told) == sorted({"start", *MENU})
    assert set(told) <= set(COMMANDS)


@pytest.mark.parametrize("page", PAGES)
def test_every_command_line_that_is_named_exists(page: str) -> None:
    known = commands_of(typer.main.get_command(app))

    named = re.findall(
        r"(?<![\w-])two ((?:(?:db|keys|payouts|refunds|claims|bills|export) )?[a-z]+)((?: --[a-z-]+)*)(?=[`\s])",
        code_of(page),
    )

    for command, options in named:
        assert f"two {command}" in known, command
        assert set(options.split()) <= known[f"two {command}"], f"two {command}{options}"


@pytest.mark.parametrize("page", READMES)
def test_every_command_line_that_exists_is_named(page: str) -> None:
    told = set(re.findall(r"^\| `(two [a-z ]+)` \|", text(page), re.MULTILINE))

    assert told == set(commands_of(typer.main.get_command(app)))


@pytest.mark.parametrize("page", PAGES)
def test_every_make_target_that_is_named_exists(page: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", text("Makefile"), re.MULTILINE))

    assert set(re.findall(r"(?<![\w-])make ([a-z-]+)", code_of(page))) <= targets


@pytest.mark.parametrize("page", PAGES)
def test_every_link_and_path_leads_to_a_file(page: str) -> None:
    links = re.findall(r"\]\((?!https?:)([^)#\s]+)", text(page))
    links += re.findall(r'src="([^"]+)"', text(page))
    paths = re.findall(r"`((?:bot|core|recommender|tests|docs|requirements|\.ci)/[\w./-]*)`", text(page))

    missing = [link for link in links if not ((ROOT / page).parent / link).exists()]
    missing += [path for path in paths if not (ROOT / path).exists()]

    assert missing == []


@pytest.mark.parametrize("page", READMES)
def test_the_pictures_are_small_and_described(page: str) -> None:
    shown = re.findall(r"!\[(.+?)\]\((.+?)\)", text(page))
    shown += [(alt, path) for path, alt in re.findall(r'<img src="(.+?)" width="\d+" alt="(.+?)">', text(page))]

    assert len(shown) == 3
    assert all(len(alt) > 20 and (ROOT / path).stat().st_size < 300_000 for alt, path in shown)


def test_both_languages_have_the_same_headings_and_tests() -> None:
    tests = [re.findall(r"`(tests/[\w./-]+)`", text(page)) for page in READMES]

    assert headings("README.md") == headings("README.ko.md")
    assert tests[0] == tests[1]
    assert len(tests[0]) > 10


def test_the_korean_page_is_korean_and_the_english_one_is_not() -> None:
    korean_lines = [line for line in text("README.md").splitlines() if KOREAN.search(line)]

    assert len(korean_lines) <= 2
    assert len(KOREAN.findall(text("README.ko.md"))) > 2_000


@pytest.mark.parametrize(
    ("file", "header"), [("base", "library|라이브러리"), ("spark", "library of the extra|확장 라이브러리")]
)
@pytest.mark.parametrize("page", READMES)
def test_each_library_that_is_asked_for_has_its_line(page: str, file: str, header: str) -> None:
    asked = {
        re.split(r"[\[<>=]", line)[0].lower()
        for line in text(f"requirements/{file}.in").splitlines()
        if line and not line.startswith("#")
    }

    table = re.split(rf"^\| (?:{header}) \|.*\n\|---.*\n", text(page), flags=re.MULTILINE)[1].split("\n\n")[0]
    told = re.findall(r"^\| ([\w-]+) \| .{3,} \|$", table, re.MULTILINE)

    assert sorted(name.lower() for name in told) == sorted(asked)
