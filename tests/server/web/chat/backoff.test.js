import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "./chat/backoff.js";

const waits = (backoff, count) => Array.from({ length: count }, () => backoff.next());

test("the longest wait doubles up to the cap", () => {
  assert.deepEqual(waits(new Backoff(() => 1), 7), [1, 2, 4, 8, 16, 30, 30]);
});

test("a wait is anything from nothing to the longest", () => {
  const draws = [0, 0.25, 0.5];

  assert.deepEqual(waits(new Backoff(() => draws.shift()), 3), [0, 0.5, 2]);
});

test("a server that asks for patience gets five seconds more, within the cap", () => {
  const backoff = new Backoff(() => 0);

  assert.equal(backoff.next({ long: true }), 5);
  assert.equal(new Backoff(() => 1).next({ long: true }), 6);
  const last = new Backoff(() => 1);
  waits(last, 10);
  assert.equal(last.next({ long: true }), 30);
});

test("the cap holds after any number of failures", () => {
  const backoff = new Backoff(() => 1);

  assert.equal(waits(backoff, 2000).at(-1), 30);
  assert.equal(backoff.failures, 2000);
});

test("after a reset the waits are short again", () => {
  const backoff = new Backoff(() => 1);
  waits(backoff, 5);

  backoff.reset();

  assert.equal(backoff.failures, 0);
  assert.equal(backoff.next(), 1);
});
