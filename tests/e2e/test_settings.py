"""Choosing quiet hours and muting reminders."""

from __future__ import annotations

from bot.sandbox.chats import Phone
from tests.e2e.world import World


async def test_quiet_hours_are_chosen_in_three_taps(world: World) -> None:
    minsu = await world.grown_up("민수")
    await minsu.says("/settings")
    await minsu.sees("오후 9시 ~ 오전 8시")

    await minsu.taps("방해 금지 시간 바꾸기")
    await minsu.taps("오후 11시 ~ 오전 9시")

    await minsu.sees("방해 금지 시간: 오후 11시 ~ 오전 9시")
    await minsu.taps("방해 금지 시간 바꾸기")
    await minsu.taps("쉬지 않기")
    await minsu.sees("방해 금지 시간: 쉬지 않기")


async def test_reminders_are_muted_for_a_week_and_back_in_two_taps(world: World) -> None:
    minsu: Phone = await world.grown_up("민수", "en")
    await minsu.says("/settings")

    await minsu.taps("Mute reminders for 7 days")

    await minsu.sees("muted until Mon, Nov 30 12:00 PM")
    await minsu.taps("Turn reminders back on")
    shown = await minsu.sees("Mute reminders")
    assert "muted until" not in shown["text"]
