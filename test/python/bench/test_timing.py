# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The method of timing: turns, calls that are not timed, least times."""

import pytest

from seedlm.bench import timing


class Clock:
    """A clock that only contenders move on."""

    def __init__(self) -> None:
        self.now = 0.0
        self.calls: list[str] = []

    def takes(self, name: str, *seconds: float) -> None:
        duration = seconds[min(self.calls.count(name), len(seconds) - 1)]
        self.calls.append(name)
        self.now += duration


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(timing.time, "perf_counter", lambda: clock.now)
    monkeypatch.setattr(timing.time, "sleep", lambda seconds: None)
    return clock


def test_contenders_take_turns(clock: Clock) -> None:
    runs = {name: lambda name=name: clock.takes(name, 1.0) for name in "ab"}
    rounds: list[tuple[int, int]] = []
    timing.least_seconds(runs, 2, lambda done, total: rounds.append((done, total)))
    assert "".join(clock.calls) == "aaabbbaaabbb"
    assert rounds == [(1, 2), (2, 2)]


def test_least_time_without_the_first_call_of_a_turn(clock: Clock) -> None:
    seconds = (1.0, 5.0, 4.0, 2.0, 6.0, 3.0)
    least = timing.least_seconds({"a": lambda: clock.takes("a", *seconds)}, 2)
    assert least == {"a": 3.0}
