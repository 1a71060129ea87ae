import assert from "node:assert/strict";
import { test } from "node:test";

import { RoomFeed } from "./chat/room_feed.js";

function make(answer) {
  const taken = [];
  let asked = 0;
  const feed = new RoomFeed({
    url: "/api/v1/rooms",
    fetch: async (url) => {
      asked += 1;
      assert.equal(url, "/api/v1/rooms");
      return answer();
    },
    onRooms: (rooms) => taken.push(rooms),
  });
  return { feed, taken, asked: () => asked };
}

test("rooms are taken as they are", async () => {
  const { feed, taken } = make(() =>
    Response.json({ rooms: [{ id: "1", title: "Lobby", staff_only: true, more: 1 }] }),
  );

  await feed.read();

  assert.deepEqual(taken, [[{ id: "1", title: "Lobby", isForStaff: true }]]);
});

for (const [name, answer] of [
  ["no rooms", () => Response.json({})],
  ["nothing", () => Response.json(null)],
  ["a number for an id", () => Response.json({ rooms: [{ id: 1, title: "x" }] })],
  ["no title", () => Response.json({ rooms: [{ id: "1" }] })],
  ["null for a room", () => Response.json({ rooms: [null] })],
  ["too many", () => Response.json({ rooms: Array(2001).fill({ id: "1", title: "x" }) })],
  ["no JSON", () => new Response("<html>")],
  ["a refusal", () => Response.json({ rooms: [{ id: "1", title: "x" }] }, { status: 401 })],
  ["no network", () => Promise.reject(new TypeError("fetch failed"))],
  ["no answer in time", () => Promise.reject(new DOMException("", "TimeoutError"))],
]) {
  test(`${name} changes nothing`, async () => {
    const { feed, taken } = make(answer);

    await feed.read();

    assert.deepEqual(taken, []);
  });
}

test("a list is asked for once at a time, and again later", async () => {
  const { feed, asked } = make(() => Response.json({ rooms: [] }));

  await Promise.all([feed.read(), feed.read()]);
  assert.equal(asked(), 1);
  await feed.read();

  assert.equal(asked(), 2);
});

test("a mistake of ours is not kept quiet", async () => {
  const { feed } = make(() => Promise.reject(new Error("ours")));

  await assert.rejects(feed.read(), /ours/);
});
