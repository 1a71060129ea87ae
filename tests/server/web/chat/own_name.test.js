import assert from "node:assert/strict";
import { test } from "node:test";

import { OwnName } from "./chat/own_name.js";

test("one name that alone is possible is believed", () => {
  const own = new OwnName("alice");

  assert.equal(own.guess(["alicia"]), true);
  assert.equal(own.name, "alicia");
});

test("of several none is believed until one is left", () => {
  const own = new OwnName("alice");

  assert.equal(own.guess(["alicia", "bob"]), false);
  assert.equal(own.name, "alice");
  assert.equal(own.guess(["alicia", "carol"]), true);
  assert.equal(own.name, "alicia");
});

test("when none is left, it begins anew", () => {
  const own = new OwnName("alice");
  own.guess(["alicia", "bob"]);

  assert.equal(own.guess(["carol", "dave"]), false);
  assert.equal(own.guess(["dave"]), true);
  assert.equal(own.name, "dave");
});

test("what is learnt ends all guessing", () => {
  const own = new OwnName("alice");
  own.guess(["alicia", "bob"]);
  own.learn("anna");

  assert.equal(own.guess(["bob"]), true);
  assert.equal(own.name, "bob");
});
