"""The frame of the promises: a broken one fails the run, and every one is a row."""

from __future__ import annotations

import pytest

pytest_plugins = ["pytester"]
KEEPS_AND_BREAKS = """
    import pytest

    @pytest.mark.faults("kept")
    def test_one(promise):
        promise.tried = promise.size(small=3, full=300)

    @pytest.mark.faults("broken")
    def test_two(promise):
        promise.doubled += 1

    @pytest.mark.faults("broken off")
    def test_three(promise):
        promise.lost += 2
        raise RuntimeError
"""


def test_a_broken_promise_fails_the_run_and_every_promise_is_a_row(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULTS_SEED", "7")
    pytester.makeini("[pytest]\nmarkers = faults\nasyncio_default_fixture_loop_scope = function")
    pytester.makepyfile(KEEPS_AND_BREAKS)

    ended = pytester.runpytest_inprocess("-p", "tests.promises")

    assert ended.ret == pytest.ExitCode.TESTS_FAILED
    ended.stdout.re_match_lines(
        [
            r"promise +database +tried +lost +doubled +wrong +seconds +seed +note",
            r"broken +- +0 +0 +1 +0 +[\d.]+ +7",
            r"broken off +- +0 +2 +0 +0 +[\d.]+ +7",
            r"kept +- +3\d* +0 +0 +0 +[\d.]+ +7",
        ]
    )
