import assert from "node:assert/strict";
import { test } from "node:test";

import { Backoff } from "./chat/backoff.js";
import { Connection } from "./chat/connection.js";
import { FakeSocket, FakeTimers } from "./fakes.js";

function make(admit = (use) => use()) {
  FakeSocket.made = [];
  const timers = new FakeTimers();
  const reports = [];
  const connection = new Connection("ws://chat.example/chat/stream/", {
    WebSocket: FakeSocket,
    timers,
    backoff: new Backoff(() => 1),
    admit,
    report: (report) => reports.push(report),
  });
  const states = () => reports.filter(({ kind }) => kind === "state").map(({ state }) => state.name);
  return { timers, reports, connection, states };
}

function makeOpen() {
  const made = make();
  made.connection.open();
  FakeSocket.last.accept();
  return made;
}

test("it offers no subprotocol, and opens one socket", () => {
  const { connection, states } = make();

  connection.open();
  connection.open();
  FakeSocket.last.accept();

  assert.deepEqual(FakeSocket.made.map(({ given }) => given), [["ws://chat.example/chat/stream/"]]);
  assert.deepEqual(states(), ["connecting", "open"]);
});

test("it is not used before it is admitted", () => {
  const admitted = [];
  const { connection, timers, states } = make((use) => admitted.push(use));
  connection.open();
  FakeSocket.last.accept();
  assert.equal(connection.send("early"), false);
  assert.deepEqual(states(), ["connecting"]);

  admitted[0]();
  assert.deepEqual(states(), ["connecting", "open"]);
  FakeSocket.last.end(1006);
  timers.pass(1);
  FakeSocket.last.accept();
  connection.close();
  admitted[1]();
  admitted[0]();

  assert.equal(connection.state.name, "closed");
});

test("text goes out only while it is open", () => {
  const { connection } = make();
  assert.equal(connection.send("early"), false);
  connection.open();
  assert.equal(connection.send("still early"), false);
  FakeSocket.last.accept();

  assert.equal(connection.send("now"), true);
  FakeSocket.last.readyState = 2;
  assert.equal(connection.send("too late"), false);
  assert.deepEqual(FakeSocket.last.sent, ["now"]);
});

test("frames are reported as they are", () => {
  const { reports } = makeOpen();

  FakeSocket.last.say("text");

  assert.deepEqual(reports.at(-1), { kind: "frame", data: "text" });
});

for (const code of [1001, 1005, 1006, 1011, 1012, 4000, 3000]) {
  test(`after ${code} it comes back by itself`, () => {
    const { connection, timers } = makeOpen();

    FakeSocket.last.end(code, "why");

    const { name, seconds, reason } = connection.state;
    assert.deepEqual([name, seconds, reason], ["waiting", 1, "why"]);
    timers.pass(0.9);
    assert.equal(FakeSocket.made.length, 1);
    timers.pass(0.2);
    assert.equal(FakeSocket.made.length, 2);
  });
}

for (const [code, verdict] of [
  [1000, "no"],
  [1002, "no"],
  [1007, "no"],
  [1008, "after-login"],
  [1009, "no"],
]) {
  test(`after ${code} it stays away until a person asks`, () => {
    const { connection, timers, states } = makeOpen();

    FakeSocket.last.end(code, "why");

    assert.deepEqual(connection.state, { name: "closed", code, reason: "why", verdict });
    assert.equal(timers.count, 0);
    connection.reconnectNow();
    assert.equal(states().at(-1), "connecting");
  });
}

test("after 1013 it waits five seconds at least", () => {
  const { connection, timers } = makeOpen();

  FakeSocket.last.end(1013);
  timers.pass(4.9);

  assert.equal(connection.state.name, "waiting");
  timers.pass(1.2);
  assert.equal(connection.state.name, "connecting");
});

test("waits grow while it fails, also when connections open but do not last", () => {
  const { connection, timers } = makeOpen();
  const seconds = [];

  for (let i = 0; i < 7; i += 1) {
    FakeSocket.last.end(1006);
    seconds.push(connection.state.seconds);
    timers.pass(connection.state.seconds);
    FakeSocket.last.accept();
  }

  assert.deepEqual(seconds, [1, 2, 4, 8, 16, 30, 30]);
});

test("a connection that lasts makes the next wait short", () => {
  const { connection, timers } = makeOpen();
  FakeSocket.last.end(1006);
  timers.pass(1);
  FakeSocket.last.accept();
  timers.pass(11);

  FakeSocket.last.end(1006);

  assert.equal(connection.state.seconds, 1);
});

test("nobody waits when a person, or the network, says now", () => {
  const { connection } = makeOpen();
  FakeSocket.last.end(1006);

  connection.reconnectNow();

  assert.equal(connection.state.name, "connecting");
  connection.reconnectNow();
  assert.equal(FakeSocket.made.length, 2);
});

test("a handshake that is not answered is given up", () => {
  const { connection, timers } = make();
  connection.open();

  timers.pass(15);

  assert.equal(connection.state.name, "waiting");
  assert.equal(FakeSocket.last.closedWith, 1000);
});

test("what a socket says that was given up is not heard", () => {
  const { connection, reports } = makeOpen();
  const old = FakeSocket.last;

  connection.restart();
  const count = reports.length;
  old.say("late");
  old.end(1008);

  assert.equal(reports.length, count);
  assert.equal(connection.state.name, "waiting");
});

test("closed by its owner, it leaves no timer and no socket", () => {
  const { connection, timers, states } = makeOpen();

  connection.close();
  connection.close();
  connection.restart();

  assert.deepEqual(states(), ["connecting", "open", "closed"]);
  assert.equal(FakeSocket.last.closedWith, 1000);
  assert.equal(timers.count, 0);
});
