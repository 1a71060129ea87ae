import assert from "node:assert/strict";
import { test } from "node:test";

import { RoomFeed } from "./chat/room_feed.js";
import { FakeTimers } from "./fakes.js";

const ROOMS = [{ id: "1", title: "Lobby", staff_only: false }];
const of = (revision, rooms = ROOMS) => ({ rooms, user_id: "7", username: "alice", revision });

/** Let everything happen that is not waiting for time or an answer. */
const settle = () => new Promise((resolve) => setImmediate(resolve));

function make({ locks } = {}) {
  const timers = new FakeTimers();
  const news = [];
  const told = [];
  const asked = [];
  const channel = { postMessage: (text) => told.push(text) };
  let loggedOut = 0;
  const feed = new RoomFeed({
    url: "/api/v1/rooms",
    fetch: (url, { signal }) =>
      new Promise((resolve, reject) => {
        asked.push({ url, signal, answer: resolve, fail: reject });
        signal.addEventListener("abort", () => reject(new DOMException("", "AbortError")));
      }),
    timers,
    now: () => timers.now,
    locks,
    channel,
    onNews: (each) => news.push(each),
    onLoggedOut: () => (loggedOut += 1),
  });
  const answer = async (value, init) => {
    asked.at(-1).answer(value instanceof Response ? value : Response.json(value, init));
    await settle();
  };
  /** Read, then keep up: as a page does when its connection opens. */
  const begin = async (value, init) => {
    const done = feed.read();
    await answer(value, init);
    await done;
    const ended = feed.start();
    await settle();
    return { ended };
  };
  const urls = () => asked.map(({ url }) => url.replace("/api/v1/rooms", ""));
  return { feed, timers, news, told, asked, answer, begin, urls, channel, loggedOut: () => loggedOut };
}

test("what is said is taken as it is", async () => {
  const { feed, news, answer } = make();
  const done = feed.read();
  await answer({ ...of("r1", [{ id: "1", title: "Lobby", staff_only: true, more: 1 }]), more: 1 });
  await done;

  assert.deepEqual(news, [
    { rooms: [{ id: "1", title: "Lobby", isForStaff: true }], userId: "7", username: "alice" },
  ]);
});

for (const [name, answer] of [
  ["no rooms", Response.json({})],
  ["nothing", Response.json(null)],
  ["a number for an id", Response.json({ rooms: [{ id: 1, title: "x" }] })],
  ["no title", Response.json({ rooms: [{ id: "1" }] })],
  ["null for a room", Response.json({ rooms: [null] })],
  ["too many", Response.json({ rooms: Array(2001).fill({ id: "1", title: "x" }) })],
  ["no JSON", new Response("<html>")],
  ["a refusal", Response.json({ rooms: ROOMS }, { status: 503 })],
]) {
  test(`${name} changes nothing`, async () => {
    const made = make();
    const done = made.feed.read();
    await made.answer(answer);
    await done;

    assert.deepEqual(made.news, []);
  });
}

test("no network and no answer in time change nothing", async () => {
  const { feed, news, asked, timers } = make();
  let done = feed.read();
  asked[0].fail(new TypeError("fetch failed"));
  await done;

  done = feed.read();
  timers.pass(10);
  await done;

  assert.equal(asked[1].signal.aborted, true);
  assert.deepEqual(news, []);
  assert.equal(timers.count, 0);
});

test("a mistake of ours is not kept quiet", async () => {
  const { feed, asked } = make();
  const done = feed.read();
  asked[0].fail(new Error("ours"));

  await assert.rejects(done, /ours/);
});

test("who is not logged in is told, and asked no more", async () => {
  const { begin, answer, asked, timers, loggedOut } = make();
  const { ended } = await begin(of("r1"));
  await answer({ error: "USER_HAS_TO_LOGIN" }, { status: 401 });
  await ended;
  timers.pass(1000);

  assert.equal(loggedOut(), 1);
  assert.equal(asked.length, 2);
  assert.equal(timers.count, 0);
});

test("a server that waits is asked again at once", async () => {
  const { feed, answer, begin, urls, timers, news, told } = make();
  await begin(of("r1"));
  timers.pass(7);
  await answer(of("r 2"));
  timers.pass(0.2);
  await settle();
  timers.pass(25);
  await answer(of("r 2"));
  timers.pass(0.2);
  await settle();

  assert.deepEqual(urls(), ["", "?after=r1", "?after=r%202", "?after=r%202"]);
  assert.equal(news.length, 3);
  assert.deepEqual(told, ["news"]);
  feed.stop();
  await settle();
  assert.equal(timers.count, 0);
});

test("a server that does not wait is asked now and then", async () => {
  for (const revision of [undefined, "r1"]) {
    const { feed, answer, begin, asked, timers } = make();
    await begin(of(revision));
    if (revision !== undefined) {
      await answer(of(revision));
    }
    const before = asked.length;
    timers.pass(59);
    await settle();
    assert.equal(asked.length, before);
    timers.pass(1);
    await settle();

    assert.equal(asked.length, before + 1);
    feed.stop();
    await settle();
  }
});

test("an answer that does not come is asked for again, after the same", async () => {
  const { begin, asked, urls, timers } = make();
  await begin(of("r1"));
  timers.pass(20);
  asked[1].fail(new TypeError("cut by a proxy"));
  await settle();
  timers.pass(0.2);
  await settle();

  assert.deepEqual(urls(), ["", "?after=r1", "?after=r1"]);
});

test("stopping gives the question up", async () => {
  const { feed, begin, asked, timers, news } = make();
  const { ended } = await begin(of("r1"));

  feed.stop();
  await ended;

  assert.equal(asked[1].signal.aborted, true);
  assert.equal(news.length, 1);
  assert.equal(timers.count, 0);
});

test("of several pages one waits, and the others ask when it has news", async () => {
  const held = [];
  const locks = {
    request: (name, { signal }, act) => {
      held.push(name);
      return held.length === 1
        ? act()
        : new Promise((_, reject) =>
            signal.addEventListener("abort", () => reject(new DOMException("", "AbortError"))),
          );
    },
  };
  const [first, second] = [make({ locks }), make({ locks })];
  for (const each of [first, second]) {
    const read = each.feed.read();
    await each.answer(of("r1"));
    await read;
  }
  first.feed.start();
  const waits = second.feed.start();
  await settle();
  assert.deepEqual([first.urls(), second.urls()], [["", "?after=r1"], [""]]);

  await first.answer(of("r2"));
  assert.deepEqual(first.told, ["news"]);
  second.channel.onmessage();
  await second.answer(of("r2"));

  assert.deepEqual(second.urls(), ["", ""]);
  assert.equal(second.news.length, 2);
  second.feed.stop();
  await waits;
  second.channel.onmessage();
  assert.equal(second.asked.length, 2);
  first.feed.stop();
});
