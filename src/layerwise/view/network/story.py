"""In what order a network film tells what happened: the wave forward, the wave back, learning."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ...scene import Chapter, Stop, Timeline
from ..style import MOVE_S, REST_S, format_count
from .reading import Reading

LEARNING_S = 14.0  # how long the learning takes on the screen, whatever the number of moments
SLOWEST_S, FASTEST_S = 0.8, 0.1  # of one moment
ENDING_S = 2.0
SWEEP_S = 4.0  # of a wave through all layers, where it does not rest at each


@dataclass(frozen=True)
class State:
    """What a frame shows: a moment, how far each rank is lit by the wave forward and back.

    `lit` and `back` are (rank,), each from 0 to 1. `label` names the stop within its chapter.
    """

    moment: int
    lit: tuple[float, ...]
    back: tuple[float, ...]
    label: str


@dataclass(frozen=True)
class Story:
    """The states in order, their timeline, the chapters, and the state that is the poster."""

    states: tuple[State, ...]
    timeline: Timeline
    chapters: tuple[Chapter, ...]
    poster: int


def tell(
    reading: Reading, depth: int, *, moments: Sequence[int], speed: float, backward: bool,
    ranks: Sequence[int] | None = None,
) -> Story:  # fmt: skip
    """The film of a recording: one pass, or a pass, its gradients, and learning from then on.

    `depth` is the rank of the answer; the waves rest at `ranks`, each of them if None. `speed` 2 is
    twice as fast.
    """
    states: list[State] = []
    rests: list[float] = []
    chapters: list[Chapter] = []

    def stop(state: State, rest: float) -> None:
        states.append(state)
        rests.append(rest)

    pace = min(max(LEARNING_S / len(moments), FASTEST_S), SLOWEST_S)
    dark, bright = (0.0,) * (depth + 1), (1.0,) * (depth + 1)
    first = moments[0]
    chapters.append(Chapter(0, "Forward"))
    rests_at = range(depth + 1) if ranks is None else ranks
    for rank in rests_at:
        lit = tuple(1.0 if own <= rank else 0.0 for own in range(depth + 1))
        stop(State(first, lit, dark, _name(rank, depth)), REST_S)
    poster = len(states) - 1
    if backward and reading.has_gradients(first):
        chapters.append(Chapter(len(states), "Backward"))
        for rank in [rank for rank in reversed(rests_at) if rank]:
            back = tuple(1.0 if own >= rank else 0.0 for own in range(depth + 1))
            stop(State(first, bright, back, _name(rank, depth)), REST_S)
    if len(moments) > 1:
        chapters.append(Chapter(len(states), "Learning"))
        for moment in moments[1:]:
            at = reading.trace.moments[moment].at
            name = ", ".join(f"{key} {format_count(int(value))}" for key, value in at.items())
            stop(State(moment, bright, dark, name), pace * 0.4)
        poster = len(states) - 1
    elif states[-1].back != dark:
        chapters.append(Chapter(len(states), "In all"))
        stop(State(first, bright, dark, "the whole network"), REST_S)
        poster = len(states) - 1
    rests[-1] = ENDING_S
    stops, time = [], 0.0
    for number, (state, rest) in enumerate(zip(states, rests, strict=True)):
        stops.append(Stop(time, rest / speed, state.label))
        learning = number + 1 < len(states) and states[number + 1].moment != state.moment
        move = 0.0 if number + 1 == len(states) else pace * 0.6 if learning else MOVE_S
        if move and not learning and ranks is not None:
            after = states[number + 1]
            went = max(abs(sum(after.lit) - sum(state.lit)), sum(after.back) - sum(state.back))
            move = max(move, SWEEP_S * went / (depth + 1))
        time += (rest + move) / speed
    return Story(tuple(states), Timeline(stops, time), tuple(chapters), poster)


def joined(stories: Sequence[Story], names: Sequence[str]) -> Story:
    """Several stories one after another, their chapters under a name each; the first's poster."""
    if len(stories) == 1:
        return stories[0]
    states: list[State] = []
    stops: list[Stop] = []
    chapters: list[Chapter] = []
    time = 0.0
    for story, name in zip(stories, names, strict=True):
        chapters += [
            Chapter(len(states) + chapter.stop, f"{name} · {chapter.name}")
            for chapter in story.chapters
        ]
        states += story.states
        stops += [Stop(time + stop.start, stop.rest, stop.label) for stop in story.timeline.stops]
        time += story.timeline.end
    return Story(tuple(states), Timeline(stops, time), tuple(chapters), stories[0].poster)


def _name(rank: int, depth: int) -> str:
    return "input" if rank == 0 else "answer" if rank == depth else f"layer {rank}"
