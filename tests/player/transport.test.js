import assert from "node:assert/strict";
import { test } from "node:test";

import { Transport } from "../../ui/player/js/transport.js";
import { seeded } from "./fakes.js";

/** A transport at frame `at` of a run of which so many frames have come. */
function standing({ known = 600, total = 600, at = 0, complete = known >= total } = {}) {
  const transport = new Transport();
  transport.frames = { known, total, complete };
  transport.position = at;
  return transport;
}

/** Let the time pass, as a browser that shows 60 frames a second does; returns the events. */
function pass(transport, seconds, limit) {
  const began = transport.before ?? 0;
  const events = [];
  for (let i = 0; i <= Math.round(seconds * 60); i += 1) events.push(transport.tick(began + (1000 * i) / 60, limit));
  return events.filter(Boolean);
}

test("a run plays in about ten seconds, in no more than 60 frames a second and no fewer than 2", () => {
  for (const [total, rate] of [[5, 2], [101, 10.1], [600, 60], [2500, 60]]) assert.equal(standing({ total }).rate, rate);
});

test("play moves by the rate, and by the speed times as fast", () => {
  for (const speed of [0.1, 1, 5]) {
    const transport = standing();
    transport.speed = speed;
    transport.play();
    pass(transport, 1);
    assert.ok(Math.abs(transport.position - 60 * speed) < 1e-9);
  }
});

test("each tick of a screen shows the next frame, however uneven its clock; one that is missed is made up for", () => {
  const next = seeded(1);
  for (const [screen, speed, each] of [[60.3, 1, 1], [59.94, 1, 1], [60, 2, 2], [120, 1, 0.5]]) {
    const transport = standing({ total: 2500, known: 2500, at: 0.97 });
    transport.speed = speed;
    transport.play();
    transport.tick(0);
    const seen = [];
    for (let i = 1; i <= 600; i += 1) {
      transport.tick((1000 / screen) * (i + 0.1 * (next() - 0.5)));
      seen.push(transport.position);
    }
    seen.forEach((position, i) => assert.ok(Math.abs(position - 0.97 - each * (i + 1)) < 1e-9, `${screen}: ${i}`));
    transport.tick((1000 / screen) * 602);
    assert.ok(Math.abs(transport.position - 0.97 - each * 602) < 1e-9);
  }
});

test("another in its place goes on from the frame on screen, or to the one that was to be reached", () => {
  const playing = standing({ at: 7.6 });
  playing.speed = 2;
  playing.play();
  const waiting = standing({ known: 10, at: 4 });
  waiting.jump(300);
  for (const [before, shown, after] of [[playing, 7, 127], [waiting, 300, 300], [standing({ at: 7.6 }), 7, 7]]) {
    const next = standing();
    next.resume(before);
    next.arrive();
    assert.equal(next.shown, shown);
    pass(next, 1);
    assert.equal(next.shown, after);
  }
});

test("a picture at rest does not move", () => {
  const transport = standing({ at: 7 });
  assert.deepEqual(pass(transport, 1), []);
  assert.equal(transport.position, 7);
});

test("the time before play, and that of a browser that was away, does not count", () => {
  const transport = standing();
  transport.tick(0);
  transport.play();
  transport.tick(60_000);
  assert.equal(transport.position, 0);
  transport.tick(120_000);
  assert.equal(transport.position, 15); // a quarter of a second
});

test("play ends at the last frame and says so", () => {
  const transport = standing({ at: 590 });
  transport.play();
  assert.equal(pass(transport, 1)[0], "ended");
  assert.equal(transport.position, 599);
});

test("play waits at the last frame that has come, and goes on when more has", () => {
  const transport = standing({ known: 20 });
  transport.play();
  assert.deepEqual(pass(transport, 1), []);
  assert.equal(transport.position, 19);
  assert.equal(transport.starved, true);
  transport.frames.known = 600;
  assert.equal(transport.starved, false);
  pass(transport, 1);
  assert.ok(Math.abs(transport.position - 79) < 1e-9);
});

test("a run that stopped ends where it stopped", () => {
  const transport = standing({ known: 20, complete: true });
  transport.play();
  assert.equal(pass(transport, 1)[0], "ended");
  assert.equal(transport.position, 19);
});

test("play goes no further than its limit, and not back to it", () => {
  const transport = standing();
  transport.play();
  pass(transport, 1, 30);
  assert.equal(transport.position, 30);
  pass(transport, 1, 10);
  assert.equal(transport.position, 30);
});

test("a jump goes to a frame that has come, and pauses", () => {
  const transport = standing({ known: 100 });
  transport.play();
  transport.jump(40);
  assert.deepEqual([transport.position, transport.target, transport.playing], [40, null, false]);
  transport.jump(-3);
  assert.equal(transport.position, 0);
});

test("a jump to a frame that has not come goes as far as it can and arrives later", () => {
  const transport = standing({ known: 100 });
  transport.jump(9_999);
  assert.deepEqual([transport.position, transport.target, transport.starved], [99, 599, true]);
  assert.equal(transport.held, false); // it is shown as far as it has come
  transport.frames.known = 300;
  assert.deepEqual(pass(transport, 0.1), []);
  assert.equal(transport.position, 299);
  transport.frames.known = 600;
  assert.deepEqual(pass(transport, 0.1), ["reached"]);
  assert.deepEqual([transport.position, transport.target], [599, null]);
});

test("a target in a run that stopped is given up at its last frame", () => {
  const transport = standing({ known: 100 });
  transport.jump(500);
  transport.frames.complete = true;
  assert.deepEqual(pass(transport, 0.1), ["reached"]);
  assert.deepEqual([transport.position, transport.target], [99, null]);
});

test("it stays where it is: a frame to be reached is given up, and never reached", () => {
  const transport = standing({ known: 100 });
  transport.jump(500);
  transport.stay();
  assert.deepEqual([transport.position, transport.target, transport.moving, transport.starved], [99, null, false, false]);
  transport.frames.known = 600;
  transport.frames.complete = true;
  transport.arrive();
  assert.deepEqual(pass(transport, 0.5), []);
  assert.equal(transport.position, 99);
  assert.ok(transport.missing(2) <= 0);
});

test("the old picture is no longer held for a place in another run that is given up", () => {
  const transport = standing({ at: 40 });
  transport.turn({ known: 31, total: 100, complete: false });
  assert.equal(transport.held, true);
  transport.stay();
  assert.deepEqual([transport.position, transport.held], [30, false]);
  transport.jump(90);
  assert.equal(transport.held, false); // nor for the next one to be reached
});

test("a target is arrived at as soon as its frame has come", () => {
  const transport = standing({ known: 100 });
  transport.jump(100);
  transport.arrive();
  assert.equal(transport.target, 100);
  transport.frames.known = 101;
  transport.arrive();
  assert.deepEqual([transport.position, transport.target], [100, null]);
});

test("another run is shown at the same place if its frame is there", () => {
  const transport = standing({ at: 40.5 });
  transport.turn({ known: 50, total: 100, complete: false });
  assert.deepEqual([transport.position, transport.target, transport.held], [40.5, null, false]);
});

test("else the old picture stays until it is", () => {
  const transport = standing({ at: 40.5 });
  transport.play();
  transport.turn({ known: 31, total: 100, complete: false });
  assert.deepEqual([transport.position, transport.target, transport.held], [30, 40, true]);
  transport.frames.known = 60;
  transport.arrive();
  assert.deepEqual([transport.position, transport.held, transport.playing], [40, false, true]);
});

test("but not for long: then the run is shown as far as it has come, and where it was when that has come", () => {
  const transport = standing({ at: 40 });
  transport.turn({ known: 31, total: 100, complete: false });
  pass(transport, 0.9);
  assert.equal(transport.held, true);
  pass(transport, 0.2);
  assert.deepEqual([transport.position, transport.target, transport.held], [30, 40, false]);
  transport.frames.known = 60;
  assert.deepEqual(pass(transport, 0.1), ["reached"]);
  assert.equal(transport.position, 40);
  transport.turn({ known: 0, total: 100, complete: false });
  pass(transport, 0.9);
  assert.equal(transport.held, true); // each run its time
});

test("a shorter run is shown at its end", () => {
  const transport = standing({ at: 300 });
  transport.turn({ known: 0, total: 21, complete: false });
  assert.deepEqual([transport.position, transport.target], [0, 20]);
});

test("a place that was still to be reached is kept by another run", () => {
  const transport = standing({ known: 10 });
  transport.jump(300);
  transport.turn({ known: 0, total: 600, complete: false });
  assert.equal(transport.target, 300);
});

test("what is missing: to the target, or for so many seconds of play", () => {
  const transport = standing({ known: 100, at: 50 });
  assert.equal(transport.missing(2), 70);
  assert.ok(transport.missing(0.5) < 0);
  transport.jump(150);
  assert.equal(transport.missing(), 51);
});

test("a fork at rest is at the frame on screen, or at the one to be reached", () => {
  const transport = standing({ at: 40.9, known: 100 });
  assert.equal(transport.ahead(0.25), 40);
  transport.jump(150);
  assert.equal(transport.ahead(0.25), 150);
});

test("a fork while it plays is as far ahead as the answer takes, of frames that have come, before the last one", () => {
  const transport = standing({ at: 40 });
  transport.play();
  assert.equal(transport.ahead(0.25), 55);
  assert.equal(transport.ahead(9), 70); // no further than 30
  transport.frames.known = 50;
  assert.equal(transport.ahead(0.25), 49);
  const late = standing({ at: 597 });
  late.play();
  assert.equal(late.ahead(0.25), 598);
});

test("whatever happens, the picture is a frame that has come, and play never goes back by itself", () => {
  const random = seeded(2);
  const whole = (below) => Math.floor(random() * below);
  for (let round = 0; round < 200; round += 1) {
    const transport = standing({ known: 1 + whole(20), total: 20 + whole(200) });
    const { frames } = transport;
    let time = 0;
    for (let i = 0; i < 200; i += 1) {
      const before = transport.position;
      const act = whole(6);
      if (act === 0) frames.known = Math.min(frames.total, frames.known + whole(30));
      frames.complete = frames.known >= frames.total;
      if (act === 1) transport.jump(whole(300) - 20);
      if (act === 2) transport.play();
      if (act === 3) transport.speed = [0.1, 1, 100][whole(3)];
      if (act === 4) transport.arrive();
      time += whole(400);
      const event = transport.tick(time, whole(4) ? Infinity : whole(200));
      if (event === "ended") transport.pause();
      assert.ok(transport.position >= 0 && transport.position <= frames.known - 1);
      assert.ok(transport.target === null || transport.target > transport.position);
      if (act !== 1) assert.ok(transport.position >= before);
      const fork = transport.ahead(random());
      assert.ok(fork >= transport.shown && fork < frames.total);
    }
  }
});
