import assert from "node:assert/strict";
import { test } from "node:test";

import * as protocol from "./chat/protocol.js";
import { examples, spec } from "./fakes.js";

test("the close codes are those of the specification", () => {
  const rows = spec("close_codes.json").close_codes;

  assert.deepEqual(
    { ...protocol.CLOSE_CODES },
    Object.fromEntries(rows.map(({ code, reconnect }) => [code, reconnect])),
  );
});

test("the temporary errors are those of the specification", () => {
  const rows = spec("errors.json").errors.filter(({ temporary }) => temporary);

  assert.deepEqual([...protocol.TEMPORARY_ERRORS], rows.map(({ code }) => code));
});

test("a room moves as the specification's table says", () => {
  assert.deepEqual({ ...protocol.ROOM_STATES }, spec("state.json").client_room.states);
});

test("the message types are those of the specification (MC1-TYPE-01)", () => {
  const { text } = spec("requirements.json").requirements.find(({ id }) => id === "MC1-TYPE-01");
  const listed = text.matchAll(/(\d) ([A-Z]+)/g);

  assert.deepEqual(
    { ...protocol.MSG_TYPES },
    Object.fromEntries([...listed].map(([, number, name]) => [name, Number(number)])),
  );
});

for (const [name, { frame }] of examples("valid", "server-")) {
  test(`reads valid ${name}`, () => {
    const given = JSON.parse(frame);

    const { kind, ...read } = protocol.decode(frame);

    const expected = {
      joined: () => ({ room: given.join, title: given.title }),
      left: () => ({ room: given.leave }),
      error: () => ({
        code: given.error,
        command: given.command ?? null,
        room: given.room ?? null,
        detail: given.detail ?? null,
      }),
      message: () => ({
        room: given.room,
        type: given.msg_type,
        username: given.username,
        text: given.message,
      }),
    };
    assert.deepEqual(read, expected[kind]());
  });
}

for (const [name, { frame, outcome }] of examples("invalid", "server-")) {
  test(`does not act on invalid ${name}`, () => {
    const expected = { violation: "malformed", ignore: "ignored" }[outcome];

    assert.deepEqual(protocol.decode(frame), { kind: expected });
  });
}

test("there are examples to read", () => {
  assert.ok(examples("valid", "server-").length > 10);
  assert.ok(examples("invalid", "server-").length > 10);
});

test("what is no text is malformed", () => {
  assert.equal(protocol.decode(new ArrayBuffer(2)).kind, "malformed");
  assert.equal(protocol.decode(undefined).kind, "malformed");
});

test("an endless frame is malformed", () => {
  const frame = JSON.stringify({ join: "1", title: "x".repeat(8 * 1024 * 1024) });

  assert.equal(protocol.decode(frame).kind, "malformed");
});

test("depth without end is malformed or ignored, and nothing worse", () => {
  const { kind } = protocol.decode(`{"x":${"[".repeat(1e6)}${"]".repeat(1e6)}}`);

  assert.ok(["malformed", "ignored"].includes(kind));
});

test("a name that every object has names no kind", () => {
  assert.equal(protocol.decode('{"__proto__": {"join": "1", "title": "x"}}').kind, "ignored");
  assert.equal(protocol.decode('{"constructor": 1}').kind, "ignored");
});

test("commands are those of the schemas", () => {
  assert.equal(protocol.encodeJoin("1"), '{"command":"join","room":"1"}');
  assert.equal(protocol.encodeLeave("1"), '{"command":"leave","room":"1"}');
  assert.equal(
    protocol.encodeSend("1", 'a "b"\u0000'),
    '{"command":"send","room":"1","message":"a \\"b\\"\\u0000"}',
  );
});

test("half a character is replaced, a whole one is not", () => {
  assert.equal(protocol.wellFormed("a\ud800b😀\udc00"), "a\ufffdb😀\ufffd");
});
