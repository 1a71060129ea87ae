import assert from "node:assert/strict";
import { test } from "node:test";

import { Heartbeat } from "./chat/heartbeat.js";
import { FakeTimers } from "./fakes.js";

function make() {
  const timers = new FakeTimers();
  const asked = [];
  return { timers, asked, heartbeat: new Heartbeat({ timers, ask: () => asked.push(1) }) };
}

test("it asks after half a minute of silence, once", () => {
  const { timers, asked, heartbeat } = make();
  heartbeat.heard();

  timers.pass(29);
  assert.equal(asked.length, 0);
  timers.pass(100);

  assert.equal(asked.length, 1);
});

test("each sign of life puts it off", () => {
  const { timers, asked, heartbeat } = make();
  for (let i = 0; i < 5; i += 1) {
    heartbeat.heard();
    timers.pass(20);
  }

  assert.equal(asked.length, 0);
  assert.equal(timers.count, 1);
});

test("stopped, it asks nothing", () => {
  const { timers, asked, heartbeat } = make();
  heartbeat.heard();

  heartbeat.stop();
  timers.pass(100);

  assert.equal(asked.length, 0);
});
