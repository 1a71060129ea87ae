/**
 * One room as a session keeps it: what the person wants, and how it stands on this connection.
 *
 * The two are apart, since wishes outlive connections. The state moves by the table of
 * MC1-CLIENT-04; what has no entry there changes nothing.
 */

import { ROOM_STATES } from "./protocol.js";

export class Room {
  /** The title of the last joined frame; null before the first. */
  title = null;
  /** Whether the person wants to be in. */
  wanted = false;
  /** Why the last command was refused, {code, detail}; null if it was not. */
  refusal = null;
  /** Whether the server ended the membership on its own account. */
  putOut = false;
  /** Since when messages are missed, a Date; null while none are. */
  lostAt = null;
  /** How many joins in a row were refused for a reason that passes. */
  tries = 0;
  /** The timer of the next try; null while none is set. */
  retry = null;

  #state = "outside";
  #told = "";

  constructor(id) {
    this.id = id;
  }

  /** The state on this connection: outside, entering, inside or leaving. */
  get state() {
    return this.#state;
  }

  /** Take a command that was sent, or an answer. */
  move(what) {
    this.#state = ROOM_STATES[this.#state][what] ?? this.#state;
  }

  /** The connection has ended, and the membership with it (MC1-MEMB-03). */
  disconnected(at) {
    if (this.#state === "inside" && this.wanted) {
      this.lostAt = at;
    }
    this.#state = "outside";
  }

  /**
   * Return how the room stands if that has changed since the last call, otherwise null.
   *
   * {id, title, status, refusal, putOut}. status: "inside"; "joining" or "leaving" while a
   * command is under way or will be tried again; "away", wanted without a connection; "outside".
   */
  news(isConnected) {
    const { id, title, refusal, putOut } = this;
    const snapshot = { id, title, status: this.#status(isConnected), refusal, putOut };
    const told = JSON.stringify(snapshot);
    if (told === this.#told) {
      return null;
    }
    this.#told = told;
    return Object.freeze(snapshot);
  }

  #status(isConnected) {
    if (this.#state === "inside" && this.wanted) {
      return "inside";
    }
    if (this.#state === "inside" || this.#state === "leaving") {
      return "leaving";
    }
    if (!this.wanted) {
      return "outside";
    }
    return isConnected ? "joining" : "away";
  }
}
