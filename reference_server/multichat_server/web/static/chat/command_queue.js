/**
 * The commands of one connection in closed loop: each is sent after the answer to the one before.
 *
 * MC1-CLIENT-07 asks for that where a server is not known to be hardened, and this page does not
 * know its server. An answer is matched to its command by what it carries, an error that carries
 * nothing to the one command that is out (MC1-CLIENT-05).
 */

import { MSG_TYPES, encodeJoin, encodeLeave, encodeSend } from "./protocol.js";

// As the SDK's default. On a line that lives, no server takes so long.
const ANSWER_SECONDS = 10;
// What a person can type ahead of a slow line; beyond it something is wrong.
const MOST_WAITING = 100;

const ENCODERS = Object.freeze({
  join: ({ room }) => encodeJoin(room),
  leave: ({ room }) => encodeLeave(room),
  send: ({ room, text }) => encodeSend(room, text),
});

export class CommandQueue {
  #write;
  #timers;
  #onSent;
  #onSilence;
  #waiting = [];
  #out = null;
  #timer = null;
  #heard = false;
  #lookalikes = new Map();

  /**
   * Args:
   *   write: Sends text; returns whether it could.
   *   timers: {after(seconds, call) -> handle, cancel(handle)}.
   *   onSent: Called with each command when it has been sent.
   *   onSilence: Called with a command that was not answered in time, and {heard, lookalikes}:
   *     whether anything else came meanwhile, and who sent the same text to the same room, each
   *     with the number of the first such message: one of them is oneself under a new name.
   */
  constructor({ write, timers, onSent, onSilence }) {
    this.#write = write;
    this.#timers = timers;
    this.#onSent = onSent;
    this.#onSilence = onSilence;
  }

  /** The command that is out and not answered yet, or null. */
  get out() {
    return this.#out;
  }

  /** Whether nothing is out or waiting. */
  get idle() {
    return this.#out === null && this.#waiting.length === 0;
  }

  /** Tell whether a command that fits is out or waits. */
  has(fits) {
    return (this.#out !== null && fits(this.#out)) || this.#waiting.some(fits);
  }

  /** Send a command, {kind, room, text?}, when its turn comes; false: too much waits already. */
  submit(command) {
    if (command.kind === "send" && this.#waiting.length >= MOST_WAITING) {
      return false;
    }
    this.#waiting.push(command);
    this.#next();
    return true;
  }

  /** Take back the commands that wait and fit; return them. What is out stays out. */
  withdraw(fits) {
    const withdrawn = this.#waiting.filter(fits);
    this.#waiting = this.#waiting.filter((command) => !fits(command));
    return withdrawn;
  }

  /** Whether something came that would be the answer, had the user another name. */
  get isInDoubt() {
    return this.#lookalikes.size > 0;
  }

  /** Return the command that a frame answers, or null; `ownName`: whose copies count, "" any. */
  answeredBy(frame, ownName) {
    this.#heard = true;
    const command = this.#out;
    if (command === null || !this.#answers(frame, command, ownName)) {
      return null;
    }
    this.#settle();
    return command;
  }

  /** The user has another name: return [command, number] if that message was the answer, or null. */
  renamed(ownName) {
    const number = this.#lookalikes.get(ownName);
    if (this.#out === null || number === undefined) {
      return null;
    }
    const command = this.#out;
    this.#settle();
    return [command, number];
  }

  /** Send the next command, if none is out. To be called when an answer has been dealt with. */
  proceed() {
    this.#next();
  }

  /** Forget everything, as the connection has ended; return what was out and what had waited. */
  end() {
    const ended = { out: this.#out, waiting: this.#waiting };
    this.#waiting = [];
    this.#settle();
    return ended;
  }

  #answers(frame, command, ownName) {
    const { kind, room } = command;
    if (frame.kind === "error") {
      return (frame.command ?? kind) === kind && (frame.room ?? room) === room;
    }
    if (frame.room !== room) {
      return false;
    }
    if (kind === "send") {
      const isCopy =
        frame.kind === "message" && frame.type === MSG_TYPES.MESSAGE && frame.text === command.text;
      const isOwn = ownName === "" || frame.username === ownName;
      if (isCopy && !isOwn && !this.#lookalikes.has(frame.username)) {
        this.#lookalikes.set(frame.username, frame.number);
      }
      return isCopy && isOwn;
    }
    return frame.kind === (kind === "join" ? "joined" : "left");
  }

  #next() {
    if (this.#out !== null || this.#waiting.length === 0) {
      return;
    }
    const command = this.#waiting[0];
    this.#heard = false;
    if (!this.#write(ENCODERS[command.kind](command))) {
      // The connection is about to be found closed; `end` will be called.
      return;
    }
    this.#waiting.shift();
    this.#out = command;
    this.#timer = this.#timers.after(ANSWER_SECONDS, () => this.#silence());
    this.#onSent(command);
  }

  #silence() {
    const command = this.#out;
    const found = { heard: this.#heard, lookalikes: this.#lookalikes };
    this.#settle();
    this.#onSilence(command, found);
    this.#next();
  }

  #settle() {
    this.#out = null;
    this.#lookalikes = new Map();
    if (this.#timer !== null) {
      this.#timers.cancel(this.#timer);
      this.#timer = null;
    }
  }
}
