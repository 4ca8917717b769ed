"""What the server spends on one chunk that is already computed: slicing, Arrow, the message."""

import statistics
import time

from streamlit.components.v2.bidi_component.serialization import serialize_mixed_data
from streamlit.proto.BidiComponent_pb2 import BidiComponent

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
