"""Frames at their own address, without a server."""

import gc
import json
import math
from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from core.recording import Frames
from ui import supply
from ui.tables import cut, table

TYPES = {"int32": np.int32, "float64": np.float64, "float32": np.float32, "uint8": np.uint8}


def unpacked(message: bytes) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """What ui/player/js/chunk.js makes of a message: what is said, and the columns."""
    length = int.from_bytes(message[:4], "little")
    said = json.loads(message[4 : 4 + length])
    rows, columns, place = said["frames"]["rows"], {}, 4 + length
    for name, kind, each in said.pop("frames")["columns"]:
        place += -place % 8
        values = np.frombuffer(message, TYPES[kind], rows * (each or 1), place)
        columns[name] = values.reshape(rows, each) if each else values
        place += values.nbytes
    assert place + -place % 8 == len(message)
    return said, columns


@settings(deadline=None)  # the first one may import pandas
@given(st.integers(1, 9), st.integers(0, 8), st.integers(0, 8), st.text(max_size=9))
def test_what_is_packed_comes_out_again(rows, start, end, words):
    rng = np.random.default_rng(0)
    columns = {
        "loss": np.array([math.inf, math.nan, *rng.normal(size=rows)])[:rows],
        "weights": rng.normal(size=(rows, 2)),
        "cloud": rng.normal(size=(rows, 2, 33)).astype(np.float32),
        "cells": rng.integers(0, 256, (rows, 3, 5), dtype=np.uint8),
    }
    frames = Frames(0, np.arange(rows, dtype=np.int32), columns, rows, None)
    sent = table(cut(frames, slice(start, end))).slice(0, 3)  # an answer may be cut, too
    kept = slice(start, min(end, start + 3))
    said, found = unpacked(supply.packed({"words": words, "frames": sent}))
    assert said == {"words": words}
    assert list(found) == ["step", "loss", "weights_0", "weights_1", "cloud", "cells"]
    for name in ("loss", "cloud", "cells"):
        wanted = columns[name][kept].reshape(len(found[name]), *found[name].shape[1:])
        np.testing.assert_array_equal(found[name], wanted)
    np.testing.assert_array_equal(found["weights_1"], columns["weights"][kept, 1])
    np.testing.assert_array_equal(found["step"], frames.steps[kept])


def test_no_number_leaves_as_json_that_json_does_not_have():
    with pytest.raises(ValueError, match="JSON"):
        supply.packed({"left": math.nan, "frames": pa.table({"step": [1]})})


def told(said: object) -> dict[str, Any]:
    return {"said": said, "frames": pa.table({"step": np.arange(2, dtype=np.int32)})}


def get(address: str, asked: str | None = None) -> Response:
    """What a browser is answered at this address, asked so."""
    name = address.removeprefix("frames/")
    query = urlencode({} if asked is None else {"asked": asked}).encode()
    scope = {"path_params": {"name": name}, "query_string": query, "headers": []}
    return supply.frames(Request({"type": "http", **scope}))


def heard(address: str, asked: str | None = None) -> object:
    """What the run's own function is told of it."""
    return unpacked(bytes(get(address, asked).body))[0]["said"]


def test_who_knows_the_address_is_answered_as_long_as_the_run_is_kept():
    held = supply.supply("secret", ("a run", "a view"), told)
    address = held.address
    answer = get(address, json.dumps({"start": 3}))
    said, columns = unpacked(bytes(answer.body))
    assert said == {"said": {"start": 3}}
    assert columns["step"].tolist() == [0, 1]
    assert answer.headers["cache-control"] == "no-store"
    del held
    gc.collect()
    gone = get(address)
    assert (gone.status_code, gone.body) == (204, b"")


@pytest.mark.parametrize("asked", [None, "", "{", "[" * 100_000, "nul", "7"])
def test_what_is_no_question_is_answered_all_the_same(asked):
    held = supply.supply("secret", "any", told)
    assert heard(held.address, asked) == (7 if asked == "7" else None)


def test_the_address_is_that_of_a_run_and_a_view_of_one_session():
    def name(secret: str, what: object, give: Callable[[object], Any] = told) -> str:
        return supply.supply(secret, what, give).address

    same = name("a", ("run", "view"))
    assert name("a", ("run", "view"), lambda said: told(said)) == same
    others = {name("b", ("run", "view")), name("a", ("run", "other")), name("a", ("other", "view"))}
    assert len(others | {same}) == 4
    assert all(len(address) == len("frames/") + 64 for address in others)


def test_a_page_that_has_run_again_answers_in_the_place_of_the_one_before():
    before = supply.supply("secret", "run", lambda said: told("before"))
    after = supply.supply("secret", "run", lambda said: told("after"))
    assert before.address == after.address
    assert heard(before.address) == "after"
    del before
    gc.collect()
    assert heard(after.address) == "after"
