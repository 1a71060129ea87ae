import assert from "node:assert/strict";
import { test } from "node:test";

import * as wording from "./chat/wording.js";
import { spec } from "./fakes.js";

test("there is a sentence for each code of the specification", () => {
  const codes = spec("errors.json").errors.map(({ code }) => code);

  assert.deepEqual(codes.filter((code) => !wording.KNOWN_REFUSALS.includes(code)), []);
});

test("a code that is not known is shown as it is (MC1-CLIENT-06)", () => {
  assert.equal(
    wording.refusal({ code: "FULL_MOON", detail: null }),
    "The server refused this: FULL_MOON",
  );
  assert.match(wording.refusal({ code: "FULL_MOON", detail: "wait" }), /FULL_MOON \(wait\)/);
});

test("a code that every object has by nature is no known one", () => {
  assert.match(wording.refusal({ code: "toString", detail: null }), /toString/);
  assert.equal(wording.typeLabel(7, JSON.parse('{"__proto__": "x"}')), "Type 7");
});

test("types have names, further ones those of the deployment (MC1-TYPE-03)", () => {
  const labels = [0, 1, 2, 3, 6, 7].map((type) => wording.typeLabel(type, { 6: "celebration" }));

  assert.deepEqual(labels, [null, "Warning", "Alert", "Muted", "celebration", "Type 7"]);
});

test("each state of the connection has a sentence", () => {
  const waiting = { name: "waiting", code: 1006 };
  const say = (state, isOnline = true) => wording.connectionState(state, isOnline);

  assert.equal(say({ name: "open" }), "Connected");
  assert.equal(say({ name: "connecting", failures: 0 }), "Connecting…");
  assert.equal(say({ name: "connecting", failures: 2 }), "Connecting again…");
  assert.equal(say(waiting), "The connection is lost.");
  assert.equal(say(waiting, false), "This device is offline.");
  assert.equal(say({ name: "waiting", code: 1012 }), "The server is restarting.");
  for (const { code, reconnect } of spec("close_codes.json").close_codes) {
    if (reconnect === "no" || reconnect === "after-login") {
      assert.notEqual(say({ name: "closed", code }), "The connection is closed.");
    }
  }
});

test("what became of a message is said unless all went well", () => {
  const say = (fate, code = null) => wording.fate({ fate, code, detail: null });

  assert.equal(say("delivered"), null);
  assert.match(say("waiting"), /Sending/);
  assert.match(say("refused", "MESSAGE_TOO_LONG"), /Not sent\. .*too long/);
  assert.match(say("unsent"), /Not sent/);
  assert.match(say("unknown"), /may not have been delivered/);
});

test("one message is one", () => {
  assert.equal(wording.newMessages(1), "1 new message");
  assert.equal(wording.newMessages(2), "2 new messages");
});

test("too many rooms is not said to be a matter of waiting", () => {
  const detail = "in 100 rooms already; leave one first";

  assert.equal(wording.refusal({ code: "RATE_LIMITED", detail }), `The server says: ${detail}`);
  assert.match(wording.refusal({ code: "RATE_LIMITED", detail: null }), /^Too much at once/);
});

test("why a session has ended is said once", () => {
  const closed = { name: "closed", code: 1008, reason: "the session has ended" };

  assert.equal(wording.connectionState(closed, true), "The server has ended this connection.");
  assert.match(wording.connectionState({ ...closed, reason: "" }, true), /^Your session has ended/);
});
