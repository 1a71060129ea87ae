import assert from "node:assert/strict";
import { test } from "node:test";

import { Room } from "./chat/room.js";
import { spec } from "./fakes.js";

const { states, initial } = spec("state.json").client_room;
const moves = [...new Set(Object.values(states).flatMap((row) => Object.keys(row)))];

function roomIn(state) {
  const ways = {
    outside: [],
    entering: ["join"],
    inside: ["joined"],
    leaving: ["joined", "leave"],
  };
  const room = new Room("1");
  ways[state].forEach((what) => room.move(what));
  return room;
}

test("a room begins as the specification says", () => {
  assert.equal(new Room("1").state, initial);
});

for (const state of Object.keys(states)) {
  for (const what of moves) {
    test(`${state}, ${what}`, () => {
      const room = roomIn(state);

      room.move(what);

      // What has no entry changes nothing.
      assert.equal(room.state, states[state][what] ?? state);
    });
  }
}

for (const [state, wanted, isConnected, status] of [
  ["inside", true, true, "inside"],
  ["inside", false, true, "leaving"],
  ["leaving", false, true, "leaving"],
  ["entering", true, true, "joining"],
  ["outside", true, true, "joining"],
  ["outside", true, false, "away"],
  ["outside", false, true, "outside"],
  ["entering", false, true, "outside"],
]) {
  test(`${state}, ${wanted ? "" : "not "}wanted, ${isConnected ? "" : "dis"}connected: ${status}`, () => {
    const room = roomIn(state);
    room.wanted = wanted;

    assert.equal(room.news(isConnected).status, status);
  });
}

test("news are new", () => {
  const room = new Room("1");

  assert.notEqual(room.news(true), null);
  assert.equal(room.news(true), null);
  room.title = "Lobby";
  assert.equal(room.news(true).title, "Lobby");
});

test("the end of a connection ends the membership, and notes since when (MC1-MEMB-03)", () => {
  const room = roomIn("inside");
  room.wanted = true;
  const at = new Date();

  room.disconnected(at);

  assert.deepEqual([room.state, room.lostAt], ["outside", at]);
  const left = roomIn("leaving");
  left.disconnected(at);
  assert.deepEqual([left.state, left.lostAt], ["outside", null]);
});
