import assert from "node:assert/strict";
import { test } from "node:test";

import { Session } from "./chat/session.js";
import { FakeConnection, FakeTimers } from "./fakes.js";

const TITLE = "Lobby";

function make({ username = "alice", begin = true } = {}) {
  const timers = new FakeTimers();
  const reports = [];
  const connection = new FakeConnection();
  let now = 0;
  const session = new Session({
    connection,
    username,
    timers,
    now: () => new Date(Date.UTC(2026, 10, 22, 10, now++)),
    report: (report) => reports.push(report),
  });
  connection.receive = (report) => session.receive(report);
  if (begin) {
    connection.begin();
  }
  const statuses = (room) =>
    reports.filter((r) => r.kind === "room" && r.room.id === room).map((r) => r.room.status);
  const of = (kind) => reports.filter((report) => report.kind === kind);
  return { session, connection, timers, reports, statuses, of };
}

function makeInside(options) {
  const made = make(options);
  made.session.join("1");
  made.connection.say({ join: "1", title: TITLE });
  made.connection.sent.length = 0;
  made.reports.length = 0;
  return made;
}

const join = (room) => ({ command: "join", room });
const leave = (room) => ({ command: "leave", room });
const send = (room, message) => ({ command: "send", room, message });
const message = (room, text, username = "alice", type = 0) => ({
  room,
  message: text,
  username,
  msg_type: type,
});

test("a join goes out and its answer lets in", () => {
  const { session, connection, reports } = make();

  session.join("1");
  connection.say({ join: "1", title: TITLE });

  assert.deepEqual(connection.sent, [join("1")]);
  assert.deepEqual(
    reports.map(({ room }) => [room.status, room.title]),
    [
      ["joining", null],
      ["inside", TITLE],
    ],
  );
  assert.deepEqual(session.wanted, ["1"]);
});

test("a join waits for the connection", () => {
  const { session, connection, statuses } = make({ begin: false });

  session.join("1");
  assert.deepEqual([connection.sent, statuses("1")], [[], ["away"]]);
  connection.begin();

  assert.deepEqual(connection.sent, [join("1")]);
});

test("each command waits for the answer to the one before (MC1-CLIENT-07)", () => {
  const { session, connection } = make();

  session.join("1");
  session.join("2");
  assert.deepEqual(connection.sent, [join("1")]);
  connection.say({ join: "1", title: TITLE });

  assert.deepEqual(connection.sent, [join("1"), join("2")]);
});

test("asking twice sends once", () => {
  const { session, connection } = make();

  session.join("1");
  session.join("1");
  connection.say({ join: "1", title: TITLE });

  assert.deepEqual(connection.sent, [join("1")]);
});

test("a leave ends it", () => {
  const { session, connection, statuses } = makeInside();

  session.leave("1");
  connection.say(message("1", null, "alice", 5));
  connection.say({ leave: "1" });

  assert.deepEqual(connection.sent, [leave("1")]);
  assert.deepEqual(statuses("1"), ["leaving", "outside"]);
  assert.deepEqual(session.wanted, []);
});

test("a join that was given up meanwhile is left again", () => {
  const { session, connection, statuses } = make();
  session.join("1");

  session.leave("1");
  connection.say({ join: "1", title: TITLE });
  connection.say({ leave: "1" });

  assert.deepEqual(connection.sent, [join("1"), leave("1")]);
  assert.equal(statuses("1").at(-1), "outside");
});

test("a join that was not sent yet is not sent any more", () => {
  const { session, connection } = make();
  session.join("1");
  session.join("2");

  session.leave("2");
  connection.say({ join: "1", title: TITLE });

  assert.deepEqual(connection.sent, [join("1")]);
});

test("who changes their mind while leaving is let in again", () => {
  const { session, connection, statuses } = makeInside();

  session.leave("1");
  session.join("1");
  connection.say({ leave: "1" });
  connection.say({ join: "1", title: TITLE });

  assert.deepEqual(connection.sent, [leave("1"), join("1")]);
  assert.equal(statuses("1").at(-1), "inside");
});

test("a refusal is told with its code and detail, and ends the wish", () => {
  const { session, connection, reports } = make();

  session.join("3");
  connection.say({ error: "ROOM_ACCESS_DENIED", command: "join", room: "3", detail: "staff" });

  assert.deepEqual(reports.at(-1).room, {
    id: "3",
    title: null,
    status: "outside",
    refusal: { code: "ROOM_ACCESS_DENIED", detail: "staff" },
    putOut: false,
  });
  assert.deepEqual(session.wanted, []);
});

test("an error that carries nothing is the open command's (MC1-CLIENT-05)", () => {
  const { session, connection, reports } = make();

  session.join("3");
  connection.say({ error: "SOMETHING_NEW" });

  assert.equal(reports.at(-1).room.refusal.code, "SOMETHING_NEW");
});

test("an error about something else is not the open command's", () => {
  const { session, connection, reports, statuses } = make();

  session.join("3");
  connection.say({ error: "ROOM_INVALID", command: "join", room: "4" });
  connection.say({ error: "ROOM_INVALID", command: "leave", room: "3" });

  assert.deepEqual(statuses("3"), ["joining"]);
  assert.deepEqual(reports.at(-1), {
    kind: "error",
    code: "ROOM_INVALID",
    detail: null,
    command: "leave",
    room: "3",
  });
});

test("the first join is sent again a few times before nobody is logged in (MC1-CLIENT-11)", () => {
  const { session, connection, timers, reports } = make();
  session.join("1");

  for (let i = 0; i < 4; i += 1) {
    assert.equal(connection.sent.length, i + 1);
    connection.say({ error: "USER_HAS_TO_LOGIN" });
    timers.pass(1);
  }

  assert.equal(connection.sent.length, 4);
  assert.equal(reports.at(-1).room.refusal.code, "USER_HAS_TO_LOGIN");
});

test("who was let in once is believed to be logged out at once", () => {
  const { session, connection, reports } = makeInside();

  session.join("2");
  connection.say({ error: "USER_HAS_TO_LOGIN" });

  assert.deepEqual(connection.sent, [join("2")]);
  assert.equal(reports.at(-1).room.refusal.code, "USER_HAS_TO_LOGIN");
});

test("a refusal that passes is tried again, with growing waits, and not for ever", () => {
  const { session, connection, timers, reports } = make();
  session.join("1");

  for (const seconds of [2, 4, 8]) {
    connection.say({ error: "SERVER_UNAVAILABLE", command: "join", room: "1" });
    const count = connection.sent.length;
    assert.equal(reports.at(-1).room.status, "joining");
    timers.pass(seconds - 0.1);
    assert.equal(connection.sent.length, count);
    timers.pass(0.2);
    assert.equal(connection.sent.length, count + 1);
  }
  connection.say({ error: "SERVER_UNAVAILABLE", command: "join", room: "1" });

  assert.equal(reports.at(-1).room.refusal.code, "SERVER_UNAVAILABLE");
});

test("what is said is delivered when the own copy comes back", () => {
  const { session, connection, of } = makeInside();

  const say = session.say("1", "hi");
  connection.say(message("1", "hi", "bob"));
  connection.say(message("1", "hi"));

  assert.deepEqual(connection.sent, [send("1", "hi")]);
  assert.deepEqual(of("said").map((r) => [r.say, r.fate]), [
    [say, "waiting"],
    [say, "delivered"],
  ]);
  assert.deepEqual(of("message").map((r) => [r.username, r.own]), [
    ["bob", false],
    ["alice", true],
  ]);
});

test("every code point is said as it is, half a one as U+FFFD", () => {
  const { session, connection } = makeInside();

  session.say("1", "a\u0000😀\ud800");

  assert.deepEqual(connection.sent, [send("1", "a\u0000😀\ufffd")]);
});

test("a refused message is told with the code", () => {
  const { session, connection, of } = makeInside();

  session.say("1", "long");
  connection.say({ error: "MESSAGE_TOO_LONG" });

  const { fate, code, text } = of("said").at(-1);
  assert.deepEqual([fate, code, text], ["refused", "MESSAGE_TOO_LONG", "long"]);
});

test("nothing is said where one is not", () => {
  const { session, connection } = make();
  assert.equal(session.say("1", "hi"), null);
  session.join("1");

  assert.equal(session.say("1", "hi"), null);
  assert.deepEqual(connection.sent, [join("1")]);
});

test("nothing is said behind a leave", () => {
  const { session } = makeInside();
  session.leave("1");

  assert.equal(session.say("1", "hi"), null);
});

test("more than a hundred messages in a row are not taken", () => {
  const { session } = makeInside();
  const taken = Array.from({ length: 120 }, (_, i) => session.say("1", `${i}`));

  assert.equal(taken.filter((say) => say !== null).length, 101);
});

test("a lost connection leaves what was out unknown and the rest unsent (section 6.4)", () => {
  const { session, connection, of } = makeInside();
  session.say("1", "a");
  session.say("1", "b");

  connection.end();

  assert.deepEqual(of("said").slice(2).map((r) => [r.text, r.fate]), [
    ["a", "unknown"],
    ["b", "unsent"],
  ]);
});

test("rooms are joined anew, and the gap is told (MC1-CLIENT-10)", () => {
  const { connection, statuses, of } = makeInside();

  connection.end();
  connection.begin();
  connection.say({ join: "1", title: TITLE });

  assert.deepEqual(connection.sent, [join("1")]);
  assert.deepEqual(statuses("1"), ["away", "joining", "inside"]);
  const [{ from, until }] = of("gap");
  assert.ok(from < until);
});

test("a gap lasts from the first loss to the answer", () => {
  const { connection, of } = makeInside();

  connection.end(1012);
  const from = new Date(Date.UTC(2026, 10, 22, 10, 2));
  connection.begin();
  connection.end(1012);
  connection.begin();
  connection.say({ join: "1", title: TITLE });

  assert.deepEqual(of("gap").map((r) => r.from), [from]);
});

test("a line that broke without a word counts as dead since the last sign of life", () => {
  const { connection, of } = makeInside();
  const heard = new Date(Date.UTC(2026, 10, 22, 10, 2));
  connection.say(message("1", "hi", "bob"));

  connection.end(1006);
  connection.begin();
  connection.say({ join: "1", title: TITLE });

  assert.deepEqual(of("gap").map((r) => r.from), [heard]);
});

test("a room that was left is not joined anew", () => {
  const { session, connection } = makeInside();
  session.leave("1");

  connection.end();
  connection.begin();

  assert.deepEqual(connection.sent, [leave("1")]);
});

test("a room entered unasked is wanted from then on (MC1-MEMB-04)", () => {
  const { session, connection, statuses } = make();

  connection.say({ join: "7", title: TITLE });

  assert.deepEqual([session.wanted, statuses("7")], [["7"], ["inside"]]);
});

test("no server fills the page with rooms", () => {
  const { session, connection } = make();
  for (let i = 1; i <= 1000; i += 1) {
    connection.say({ join: `${i}`, title: TITLE });
  }

  assert.equal(session.wanted.length, 200);
});

test("who is put out is told so, is out, and misses something (MC1-REVOKE-01)", () => {
  const { session, connection, reports, of } = makeInside();
  session.say("1", "a");
  session.say("1", "b");

  connection.say({ leave: "1" });

  const { status, putOut } = reports.at(-1).room;
  assert.deepEqual([status, putOut, session.wanted], ["outside", true, []]);
  assert.equal(of("said").at(-1).fate, "unsent");
  connection.say({ error: "ROOM_ACCESS_DENIED" });
  assert.equal(of("said").at(-1).fate, "refused");
  session.join("1");
  connection.say({ join: "1", title: TITLE });
  assert.equal(of("gap").length, 1);
});

test("a message of a room that one is not in is nothing (MC1-CLIENT-04)", () => {
  const { connection, of } = makeInside();

  connection.say(message("2", "hi", "bob"));
  connection.say({ leave: "1" });
  connection.say(message("1", "hi", "bob"));

  assert.deepEqual(of("message"), []);
});

test("all types are passed on, with the time of arrival (MC1-TYPE-04)", () => {
  const { connection, of } = makeInside();
  const given = [
    message("1", "careful", "admin", 1),
    message("1", null, "bob", 4),
    message("1", "hurrah", "admin", 6),
  ];

  given.forEach((frame) => connection.say(frame));

  assert.deepEqual(of("message").map((r) => [r.type, r.text]), [
    [1, "careful"],
    [4, null],
    [6, "hurrah"],
  ]);
  assert.ok(of("message")[0].at < of("message")[1].at);
});

test("a malformed frame is told and changes nothing (MC1-CLIENT-03)", () => {
  const { connection, reports } = makeInside();

  connection.receive({ kind: "frame", data: '{"leave": "1", "join": "1"}' });
  connection.receive({ kind: "frame", data: '{"presence": 1}' });

  assert.deepEqual(reports, [{ kind: "malformed" }]);
});

test("a server that is silent is given up and asked again", () => {
  const { session, connection, timers, of } = makeInside();
  session.say("1", "hi");

  timers.pass(10);

  assert.equal(connection.restarts, 1);
  assert.deepEqual(of("said").map((r) => r.fate), ["waiting", "unknown"]);
  connection.begin();
  assert.deepEqual(connection.sent.at(-1), join("1"));
});

test("a server that lives but does not answer a join has refused it", () => {
  const { session, connection, timers, reports } = makeInside();
  session.join("2");
  connection.say(message("1", "hi", "bob"));

  timers.pass(10);

  assert.equal(connection.restarts, 0);
  assert.equal(reports.at(-1).room.refusal.code, "NO_ANSWER");
});

test("who was renamed while connected is known by the new name (MC1-MSG-03)", () => {
  const { session, connection, timers, of } = makeInside();
  session.say("1", "hi");
  connection.say(message("1", "hi", "alicia"));

  timers.pass(10);

  assert.deepEqual(of("said").map((r) => r.fate), ["waiting", "delivered"]);
  assert.equal(session.username, "alicia");
  assert.deepEqual(of("own"), [{ kind: "own", room: "1", number: of("message")[0].number }]);
});

test("nobody else's message passes for one's own, whoever says the same", () => {
  const { session, connection, timers, of } = makeInside();
  session.say("1", "+1");
  connection.say(message("1", "+1", "alicia"));
  connection.say(message("1", "+1", "bob"));
  timers.pass(10);
  connection.say(message("1", "unrelated", "bob"));

  assert.deepEqual(of("message").map((r) => r.own), [false, false, false]);
  assert.deepEqual(of("own"), []);
  assert.deepEqual(of("said").map((r) => r.fate), ["waiting", "delivered"]);
  session.say("1", "me");
  connection.say(message("1", "me", "alicia"));
  timers.pass(10);

  assert.equal(session.username, "alicia");
  assert.equal(of("own").length, 1);
});

test("who learns the new name waits for nothing", () => {
  const { session, connection, of } = makeInside();
  session.say("1", "+1");
  session.say("1", "next");
  connection.say(message("1", "+1", "bob"));
  connection.say(message("1", "+1", "alicia"));
  assert.equal(of("doubt").length, 1);

  session.rename("alicia");

  assert.deepEqual(of("own").map((r) => r.number), [of("message")[1].number]);
  assert.deepEqual(connection.sent.map((r) => r.message), ["+1", "next"]);
  connection.say(message("1", "next", "alicia"));
  assert.equal(of("message").at(-1).own, true);
  assert.equal(of("said").at(-1).fate, "delivered");
});

test("a new title is told, whatever the room's state", () => {
  const { session, reports } = makeInside();

  session.retitle("1", "Great hall");
  session.retitle("9", "not asked for");

  assert.deepEqual(reports.map(({ room }) => [room.id, room.title, room.status]), [
    ["1", "Great hall", "inside"],
  ]);
});

test("a page that was not told the name learns it from the first own copy", () => {
  const { session, connection, of } = makeInside({ username: "" });
  connection.say(message("1", "before", "bob"));
  session.say("1", "hi");
  connection.say(message("1", "hi", "alice"));

  assert.equal(session.username, "alice");
  assert.deepEqual(of("message").map((r) => r.own), [false, true]);
});

test("a silent line is asked for a sign of life, which changes nothing (MC1-ROOM-06)", () => {
  const { connection, timers, reports } = makeInside();

  timers.pass(30);
  assert.deepEqual(connection.sent, [leave("0")]);
  connection.say({ error: "ROOM_INVALID", command: "leave", room: "0" });
  timers.pass(29);

  assert.equal(connection.sent.length, 1);
  assert.deepEqual(reports, []);
});

test("a line without a sign of life is given up", () => {
  const { connection, timers } = makeInside();

  timers.pass(40);

  assert.equal(connection.restarts, 1);
});

test("a sign of life is asked for at once when somebody comes back to the page", () => {
  const { session, connection } = makeInside();

  session.check();
  session.check();

  assert.deepEqual(connection.sent, [leave("0")]);
});

test("no timer is left when the connection is gone", () => {
  const { session, connection, timers } = makeInside();
  session.say("1", "hi");

  connection.end();

  assert.equal(timers.count, 0);
});
