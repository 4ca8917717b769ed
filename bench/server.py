"""What the server spends on one chunk that is already computed: slicing, Arrow, the message."""

import statistics
import time

from streamlit.components.v2.bidi_component.serialization import serialize_mixed_data
from streamlit.proto.BidiComponent_pb2 import BidiComponent

from bench.painted import lesson as painted
from core import gradient_descent as lesson
from core.recording import Recording
from ui.player.player import answer
from ui.session import identify


def milliseconds_a_chunk(count: int, rounds: int = 101) -> float:
    """Median for a chunk of `count` frames with the columns of gradient descent."""
    recording = Recording(lesson.run, ((0, lesson.Config(steps=2_499)),), frame=lesson.frame)
    recording.finish(seconds=60)
    identity = identify(recording.course)
    spent = []
    for number in range(rounds):
        began = time.perf_counter()
        request = {"recording": identity, "start": 0, "count": count, "number": number}
        serialize_mixed_data(answer(recording, request), BidiComponent())
        spent.append(1000 * (time.perf_counter() - began))
    return statistics.median(spent)


def microseconds_a_picture(steps: int = 500, rounds: int = 7) -> float:
    """What the server spends on a frame of 100 x 100 bytes that the lesson has made: keeping it,
    and sending it in chunks. The least of some rounds: all else that a machine does only adds.
    """
    states = list(painted.run(painted.Config(steps=steps)))
    shown = {"surface": painted.frame(painted.Config(), states[0])["surface"]}

    def again(config: painted.Config, state: painted.State | None = None):
        yield from states

    course = ((0, painted.Config(steps=steps)),)
    name = identify(course)
    spent = []
    for _ in range(rounds):
        began = time.perf_counter()
        recording = Recording(again, course, frame=lambda config, state: shown)
        known = 0
        while known < recording.total:
            request = {"recording": name, "start": known, "count": 2_500, "number": known}
            sent = answer(recording, request)
            serialize_mixed_data(sent, BidiComponent())
            known += sent["frames"].num_rows
        spent.append((time.perf_counter() - began) / recording.total)
    return 1e6 * min(spent)
