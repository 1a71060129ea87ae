/**
 * One socket after another to the same address, until somebody closes it for good.
 *
 *              open()               socket opens
 *   closed ------------> connecting ------------> open
 *     ^  ^                  |   ^                  |
 *     |  |     socket ends  v   | wait is over     | socket ends
 *     |  +--------------- waiting <----------------+
 *     |   close(), or a close code that says       |
 *     +--- not to come back (MC1-CLOSE-08) --------+
 *
 * A socket that has opened is used only when the page admits it: its handshake carries whatever
 * cookie the browser has by then, which may be somebody else's.
 *
 * No subprotocol is offered, as MC1-CLIENT-01 allows: a browser gives a connection up whose
 * server selects none of those offered, and a conforming server may do that.
 *
 * Browsers answer pings themselves (MC1-CLIENT-09), out of a script's sight. Whether the other
 * side still lives is therefore asked further up, with commands (see session.js), which then
 * call `restart`.
 */

import { CLOSE_CODES } from "./protocol.js";

// What a socket reports that ended without a close frame; also how an unknown code is treated.
const ABNORMAL = 1006;
const NORMAL = 1000;

// A handshake takes two round trips; browsers wait minutes for one that is lost.
const CONNECT_SECONDS = 15;
// A connection that lasted this long was a good one; the next failure begins with short waits.
const STABLE_SECONDS = 10;

export class Connection {
  #url;
  #WebSocket;
  #timers;
  #backoff;
  #admit;
  #report;
  #socket = null;
  #timer = null;
  #state = Object.freeze({ name: "closed", code: null, reason: "", verdict: "asked" });

  /**
   * Args:
   *   url: ws:// or wss:// address.
   *   WebSocket: The browser's class, or one that behaves like it.
   *   timers: {after(seconds, call) -> handle, cancel(handle)}.
   *   backoff: A Backoff.
   *   admit: Called when a socket has opened, with what to call when it may be used; who does not
   *     want it calls `close`.
   *   report: Called with {kind: "state", state} and {kind: "frame", data}. A state's name is
   *     "connecting" {failures}, "open", "waiting" {seconds, code, reason, failures} or
   *     "closed" {code, reason, verdict: "asked" | "no" | "after-login"}.
   */
  constructor(url, { WebSocket, timers, backoff, admit, report }) {
    this.#url = url;
    this.#WebSocket = WebSocket;
    this.#timers = timers;
    this.#backoff = backoff;
    this.#admit = admit;
    this.#report = report;
  }

  get state() {
    return this.#state;
  }

  /** Connect, unless that is under way or done. */
  open() {
    if (this.#state.name === "closed") {
      this.#backoff.reset();
      this.#connect();
    }
  }

  /** Connect now: do not wait any longer, or come back though a close code said not to. */
  reconnectNow() {
    if (this.#state.name === "waiting") {
      this.#connect();
    } else {
      this.open();
    }
  }

  /** Give up the socket, which is thought dead, and connect again after a wait. */
  restart() {
    if (this.#state.name === "open" || this.#state.name === "connecting") {
      this.#ended(ABNORMAL, "");
    }
  }

  /** Close for good. */
  close() {
    if (this.#state.name !== "closed") {
      this.#drop();
      this.#enter({ name: "closed", code: NORMAL, reason: "", verdict: "asked" });
    }
  }

  /** Send text; tell whether there was an open socket to take it. */
  send(text) {
    if (this.#state.name !== "open" || this.#socket.readyState !== this.#WebSocket.OPEN) {
      return false;
    }
    this.#socket.send(text);
    return true;
  }

  #connect() {
    this.#drop();
    const socket = new this.#WebSocket(this.#url);
    this.#socket = socket;
    socket.binaryType = "arraybuffer";
    // One that was given up may still report; nobody listens then.
    const whileCurrent = (handle) => (event) => {
      if (this.#socket === socket) {
        handle(event);
      }
    };
    const opened = whileCurrent(() => this.#opened());
    socket.addEventListener(
      "open",
      whileCurrent(() => this.#admit(opened)),
    );
    socket.addEventListener(
      "message",
      whileCurrent(({ data }) => this.#report({ kind: "frame", data })),
    );
    socket.addEventListener(
      "close",
      whileCurrent(({ code, reason }) => this.#ended(code, reason)),
    );
    this.#timer = this.#timers.after(CONNECT_SECONDS, () => this.#ended(ABNORMAL, ""));
    this.#enter({ name: "connecting", failures: this.#backoff.failures });
  }

  #opened() {
    this.#timers.cancel(this.#timer);
    this.#timer = this.#timers.after(STABLE_SECONDS, () => {
      this.#timer = null;
      this.#backoff.reset();
    });
    this.#enter({ name: "open" });
  }

  #ended(code, reason) {
    this.#drop();
    const verdict = CLOSE_CODES[code] ?? CLOSE_CODES[ABNORMAL];
    if (verdict === "no" || verdict === "after-login") {
      this.#enter({ name: "closed", code, reason, verdict });
      return;
    }
    const seconds = this.#backoff.next({ long: verdict === "backoff-long" });
    this.#timer = this.#timers.after(seconds, () => this.#connect());
    this.#enter({ name: "waiting", seconds, code, reason, failures: this.#backoff.failures });
  }

  #drop() {
    if (this.#timer !== null) {
      this.#timers.cancel(this.#timer);
      this.#timer = null;
    }
    const socket = this.#socket;
    this.#socket = null;
    // On a dead line the closing handshake may take long; nobody waits for it.
    socket?.close(NORMAL);
  }

  #enter(state) {
    this.#state = Object.freeze(state);
    this.#report({ kind: "state", state: this.#state });
  }
}
