import assert from "node:assert/strict";
import { test } from "node:test";

import { CommandQueue } from "./chat/command_queue.js";
import { FakeTimers } from "./fakes.js";

function make({ isOpen = true } = {}) {
  const timers = new FakeTimers();
  const written = [];
  const sent = [];
  const silences = [];
  const line = { isOpen };
  const queue = new CommandQueue({
    write: (text) => line.isOpen && written.push(JSON.parse(text)) > 0,
    timers,
    onSent: (command) => sent.push(command),
    onSilence: (command, found) => silences.push([command, found]),
  });
  return { queue, timers, written, sent, silences, line };
}

const JOIN = { kind: "join", room: "1" };
const SEND = { kind: "send", room: "1", text: "hi" };
const copy = (username) => ({ kind: "message", type: 0, room: "1", text: "hi", username });

for (const [name, command, frame, isAnswer] of [
  ["joined answers join", JOIN, { kind: "joined", room: "1" }, true],
  ["joined of another room does not", JOIN, { kind: "joined", room: "2" }, false],
  ["left does not answer join", JOIN, { kind: "left", room: "1" }, false],
  ["left answers leave", { kind: "leave", room: "1" }, { kind: "left", room: "1" }, true],
  ["the own copy answers send", SEND, copy("alice"), true],
  ["another's does not", SEND, copy("bob"), false],
  ["another text does not", SEND, { ...copy("alice"), text: "ho" }, false],
  ["another type does not", SEND, { ...copy("alice"), type: 1 }, false],
  ["another room does not", SEND, { ...copy("alice"), room: "2" }, false],
  ["an error that carries nothing does", SEND, { kind: "error", code: "X" }, true],
  ["one about the command does", SEND, { kind: "error", command: "send", room: "1" }, true],
  ["one about another command does not", SEND, { kind: "error", command: "join" }, false],
  ["one about another room does not", SEND, { kind: "error", room: "2" }, false],
]) {
  test(name, () => {
    const { queue } = make();
    queue.submit(command);

    assert.equal(queue.answeredBy(frame, "alice"), isAnswer ? command : null);
    assert.equal(queue.out, isAnswer ? null : command);
  });
}

test("one is out at a time, and the next goes when told", () => {
  const { queue, written, sent } = make();
  queue.submit(JOIN);
  queue.submit(SEND);

  queue.answeredBy({ kind: "joined", room: "1" }, "alice");
  assert.equal(written.length, 1);
  queue.proceed();

  assert.deepEqual(written.map(({ command }) => command), ["join", "send"]);
  assert.deepEqual(sent, [JOIN, SEND]);
});

test("what cannot be written waits", () => {
  const { queue, written, line } = make({ isOpen: false });
  queue.submit(JOIN);
  assert.equal(queue.out, null);
  assert.equal(queue.has(({ kind }) => kind === "join"), true);

  line.isOpen = true;
  queue.proceed();

  assert.equal(written.length, 1);
});

test("silence is told once, and the next command goes", () => {
  const { queue, timers, written, silences } = make();
  queue.submit(SEND);
  queue.submit(JOIN);
  assert.equal(queue.isInDoubt, false);
  queue.answeredBy({ ...copy("alicia"), number: 7 }, "alice");
  queue.answeredBy({ ...copy("bob"), number: 8 }, "alice");
  queue.answeredBy({ ...copy("alicia"), number: 9 }, "alice");
  assert.equal(queue.isInDoubt, true);

  timers.pass(10);

  const lookalikes = new Map([
    ["alicia", 7],
    ["bob", 8],
  ]);
  assert.deepEqual(silences, [[SEND, { heard: true, lookalikes }]]);
  assert.equal(queue.isInDoubt, false);
  assert.equal(written.length, 2);
});

test("a new name makes a message that came before the answer", () => {
  const { queue, timers } = make();
  assert.equal(queue.renamed("alicia"), null);
  queue.submit(SEND);
  queue.answeredBy({ ...copy("alicia"), number: 7 }, "alice");

  assert.equal(queue.renamed("anna"), null);
  assert.deepEqual(queue.renamed("alicia"), [SEND, 7]);
  assert.equal(queue.out, null);
  assert.equal(timers.count, 0);
});

test("the end gives back what was out and what waited, and no timer is left", () => {
  const { queue, timers } = make();
  queue.submit(JOIN);
  queue.submit(SEND);

  assert.deepEqual(queue.end(), { out: JOIN, waiting: [SEND] });
  assert.equal(timers.count, 0);
  assert.equal(queue.idle, true);
});

test("what waits can be withdrawn, what is out cannot", () => {
  const { queue } = make();
  queue.submit(JOIN);
  queue.submit(SEND);

  assert.deepEqual(queue.withdraw(() => true), [SEND]);
  assert.equal(queue.out, JOIN);
});
