/** Time that passes only when told to, a socket that a test is the other end of. */

import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";

/** Return a JSON file of the specification. */
export function spec(...path) {
  return JSON.parse(readFileSync(join(process.env.SPEC, ...path), "utf-8"));
}

/** Return the examples whose names begin so, as [name, example]. */
export function examples(folder, prefix) {
  const names = readdirSync(join(process.env.SPEC, "examples", folder));
  return names
    .filter((name) => name.startsWith(prefix))
    .map((name) => [name, spec("examples", folder, name)]);
}

export class FakeTimers {
  #now = 0;
  #due = new Set();

  after(seconds, call) {
    const handle = { at: this.#now + seconds, call };
    this.#due.add(handle);
    return handle;
  }

  cancel(handle) {
    this.#due.delete(handle);
  }

  /** The seconds that have passed. */
  get now() {
    return this.#now;
  }

  /** How many timers are set. */
  get count() {
    return this.#due.size;
  }

  pass(seconds) {
    const end = this.#now + seconds;
    for (;;) {
      const next = [...this.#due].sort((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) {
        break;
      }
      this.#now = next.at;
      this.#due.delete(next);
      next.call();
    }
    this.#now = end;
  }
}

export class FakeSocket extends EventTarget {
  static OPEN = 1;
  static made = [];

  readyState = 0;
  sent = [];
  closedWith = null;

  constructor(...given) {
    super();
    this.given = given;
    FakeSocket.made.push(this);
  }

  static get last() {
    return FakeSocket.made.at(-1);
  }

  send(text) {
    this.sent.push(text);
  }

  close(code) {
    this.closedWith = code;
    this.readyState = 2;
  }

  accept() {
    this.readyState = FakeSocket.OPEN;
    this.dispatchEvent(new Event("open"));
  }

  say(data) {
    this.dispatchEvent(Object.assign(new Event("message"), { data }));
  }

  end(code, reason = "") {
    this.readyState = 3;
    this.dispatchEvent(Object.assign(new Event("close"), { code, reason }));
  }
}

/** A connection whose other end is the test. */
export class FakeConnection {
  state = { name: "closed" };
  sent = [];
  restarts = 0;

  send(text) {
    if (this.state.name !== "open") {
      return false;
    }
    this.sent.push(JSON.parse(text));
    return true;
  }

  restart() {
    this.restarts += 1;
    this.end();
  }

  /** Set by the test: what takes the reports. */
  receive = () => {};

  begin() {
    this.#enter({ name: "open" });
  }

  end(code = 1006) {
    this.#enter({ name: "waiting", seconds: 1, code, reason: "", failures: 1 });
  }

  say(frame) {
    this.receive({ kind: "frame", data: JSON.stringify(frame) });
  }

  #enter(state) {
    this.state = state;
    this.receive({ kind: "state", state });
  }
}
