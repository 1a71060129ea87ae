/**
 * What the person wants, kept true over one connection after another: rooms to be in, things
 * to say. Knows the protocol and no page; everything that a page shows comes as a report.
 *
 * A room is *wanted* or not, whatever the line does. When a connection opens, the wanted rooms
 * are joined anew (MC1-CLIENT-10); one that had been entered before then gets a *gap*, since
 * what was said meanwhile is never delivered (section 6.4). On each connection a room moves by
 * the table of MC1-CLIENT-04; a connection that ends puts all rooms outside.
 *
 * Whether a silent line still lives is found out with a command that changes nothing: leaving
 * a room that does not exist, which every conforming server answers (MC1-ROOM-06).
 */

import { CommandQueue } from "./command_queue.js";
import { Heartbeat } from "./heartbeat.js";
import { OwnName } from "./own_name.js";
import { TEMPORARY_ERRORS, decode, wellFormed } from "./protocol.js";
import { Room } from "./room.js";

/** The code of a refusal that is none: the server did not answer at all. */
export const NO_ANSWER = "NO_ANSWER";

/** The code that says that nobody is logged in (any more). */
export const NOT_LOGGED_IN = "USER_HAS_TO_LOGIN";

// Ids begin with 1, in the original as here; asked for only as long as no room is known by it.
const NOWHERE = "0";
// More than that are not let in unasked: a server could fill the page.
const MOST_ROOMS = 200;

// What a browser says of a connection that ended without a close frame.
const LOST = 1006;

// MC1-CLIENT-11: "a few times". The original looks at the session within milliseconds.
const LOGIN_TRIES = 3;
const LOGIN_RETRY_SECONDS = 0.25;

// After a refusal that is temporary, while a room is wanted. Then a person decides.
const JOIN_TRIES = 4;
const JOIN_RETRY_SECONDS = 1;

export class Session {
  #connection;
  #timers;
  #now;
  #report;
  #queue;
  #own;
  #rooms = new Map();
  #heartbeat;
  #lastSay = 0;
  #lastMessage = 0;
  #heardAt = null;
  #isLoginSure = false;
  #loginTries = 0;

  /**
   * Args:
   *   connection: A Connection, whose reports the caller passes to `receive`.
   *   username: Who is logged in; "" if the page does not know.
   *   timers: {after(seconds, call) -> handle, cancel(handle)}.
   *   now: Returns the time of day as a Date.
   *   report: Called with
   *     {kind: "room", room}: how a room stands now, see Room.news;
   *     {kind: "message", room, number, type, username, text, own, at}: number counts them;
   *     {kind: "own", room, number}: that message was one's own, under a new name;
   *     {kind: "doubt"}: the user may have another name by now, see `rename`;
   *     {kind: "gap", room, from, until}: one is in again, and what came between is missing;
   *     {kind: "said", …}: see `say`;
   *     {kind: "error", code, detail, command, room}: one that answers nothing known;
   *     {kind: "malformed"}: a frame that was not acted on (MC1-CLIENT-03).
   */
  constructor({ connection, username, timers, now, report }) {
    this.#connection = connection;
    this.#own = new OwnName(username);
    this.#timers = timers;
    this.#now = now;
    this.#report = report;
    this.#queue = new CommandQueue({
      write: (text) => connection.send(text),
      timers,
      onSent: (command) => this.#sent(command),
      onSilence: (command, found) => this.#unanswered(command, found),
    });
    this.#heartbeat = new Heartbeat({ timers, ask: () => this.check() });
  }

  get username() {
    return this.#own.name;
  }

  /** The ids of the rooms that the person wants to be in, in the order of asking. */
  get wanted() {
    return [...this.#rooms.values()].filter((room) => room.wanted).map((room) => room.id);
  }

  /** The user has this name now (MC1-MSG-03). */
  rename(username) {
    this.#own.learn(username);
    const found = this.#queue.renamed(username);
    if (found !== null) {
      const [command, number] = found;
      this.#report({ kind: "own", room: command.room, number });
      this.#said(command, "delivered");
      this.#queue.proceed();
    }
  }

  /** A room has this title now. */
  retitle(id, title) {
    const room = this.#rooms.get(id);
    if (room !== undefined) {
      room.title = title;
      this.#tell(room);
    }
  }

  /** Want to be in a room: join it now, or as soon as there is a connection. */
  join(id) {
    const room = this.#room(id);
    Object.assign(room, { wanted: true, refusal: null, putOut: false, tries: 0 });
    this.#queue.withdraw((command) => command.kind === "leave" && command.room === id);
    this.#attemptJoin(room);
    this.#tell(room);
  }

  /** Want to be in a room no longer. */
  leave(id) {
    const room = this.#room(id);
    Object.assign(room, { wanted: false, refusal: null, putOut: false, lostAt: null });
    this.#cancelRetry(room);
    this.#queue.withdraw((command) => command.kind === "join" && command.room === id);
    if (room.state === "inside" && !this.#isComing(id, "leave")) {
      this.#queue.submit({ kind: "leave", room: id });
    }
    this.#tell(room);
  }

  /**
   * Say something in a room one is in; return a number for it, or null if it was not taken.
   *
   * What becomes of it is reported as {kind: "said", room, say, text, fate, code, detail}: fate
   * "waiting", then "delivered" (one's own copy came back), "refused" with the code, "unsent"
   * (the connection ended first) or "unknown" (it ended while the answer was awaited, or none
   * came: the message may or may not have been delivered, section 6.4).
   */
  say(id, text) {
    const room = this.#room(id);
    if (room.state !== "inside" || this.#isComing(id, "leave")) {
      return null;
    }
    const command = { kind: "send", room: id, text: wellFormed(text), say: this.#lastSay + 1 };
    if (!this.#queue.submit(command)) {
      return null;
    }
    this.#lastSay = command.say;
    this.#said(command, "waiting");
    return command.say;
  }

  /** Take a report of the connection. */
  receive(report) {
    if (report.kind === "frame") {
      this.#frame(decode(report.data));
    } else if (report.state.name === "open") {
      this.#opened();
    } else {
      this.#closed(report.state);
    }
  }

  /** Ask the server for a sign of life now, as the line may have died while nobody looked. */
  check() {
    if (this.#connection.state.name === "open" && this.#queue.idle && !this.#rooms.has(NOWHERE)) {
      this.#queue.submit({ kind: "leave", room: NOWHERE, probe: true });
    }
  }

  #opened() {
    this.#heardAt = this.#now();
    this.#isLoginSure = false;
    this.#loginTries = 0;
    for (const room of this.#rooms.values()) {
      room.tries = 0;
      this.#attemptJoin(room);
      this.#tell(room);
    }
    this.#heartbeat.heard();
  }

  #closed({ code }) {
    // A line that broke without a word may have been dead ever since the last one.
    const lostAt = code === LOST ? this.#heardAt : this.#now();
    this.#heartbeat.stop();
    const { out, waiting } = this.#queue.end();
    if (out?.kind === "send") {
      this.#said(out, "unknown");
    }
    for (const command of waiting.filter(({ kind }) => kind === "send")) {
      this.#said(command, "unsent");
    }
    for (const room of this.#rooms.values()) {
      this.#cancelRetry(room);
      room.disconnected(lostAt);
      this.#tell(room);
    }
  }

  #frame(frame) {
    if (frame.kind === "malformed") {
      this.#report({ kind: "malformed" });
      return;
    }
    if (frame.kind === "ignored") {
      return;
    }
    this.#heartbeat.heard();
    this.#heardAt = this.#now();
    if (frame.kind === "message") {
      this.#lastMessage += 1;
      frame.number = this.#lastMessage;
    }
    const wasInDoubt = this.#queue.isInDoubt;
    const command = this.#queue.answeredBy(frame, this.username);
    if (command?.kind === "send" && frame.kind === "message") {
      this.#own.learn(frame.username);
    }
    this.#take(frame, command);
    if (this.#queue.isInDoubt && !wasInDoubt) {
      this.#report({ kind: "doubt" });
    }
    this.#queue.proceed();
  }

  #take(frame, command) {
    switch (frame.kind) {
      case "joined":
        this.#joined(frame);
        break;
      case "left":
        this.#left(frame);
        break;
      case "message":
        this.#message(frame, command);
        break;
      case "error":
        this.#refused(frame, command);
        break;
    }
  }

  #joined({ room: id, title }) {
    if (!this.#rooms.has(id) && this.#rooms.size >= MOST_ROOMS) {
      return;
    }
    this.#isLoginSure = true;
    const room = this.#room(id);
    if (room.state === "outside") {
      // Unasked (MC1-MEMB-04): a client obeys.
      room.wanted = true;
    }
    room.move("joined");
    const { lostAt } = room;
    Object.assign(room, { title, refusal: null, putOut: false, lostAt: null, tries: 0 });
    this.#tell(room);
    if (room.wanted && lostAt !== null) {
      this.#report({ kind: "gap", room: id, from: lostAt, until: this.#now() });
    }
    if (!room.wanted && room.state === "inside" && !this.#isComing(id, "leave")) {
      // Given up while the answer was on its way.
      this.#queue.submit({ kind: "leave", room: id });
    }
  }

  #left({ room: id }) {
    const room = this.#rooms.get(id);
    if (room === undefined || room.state === "outside" || room.state === "entering") {
      return;
    }
    const before = room.state;
    room.move("left");
    for (const command of this.#queue.withdraw((c) => c.kind !== "join" && c.room === id)) {
      if (command.kind === "send") {
        this.#said(command, "unsent");
      }
    }
    if (before === "leaving") {
      // Perhaps wanted again meanwhile.
      this.#attemptJoin(room);
    } else if (room.wanted) {
      Object.assign(room, { wanted: false, putOut: true, lostAt: this.#now() });
    }
    this.#tell(room);
  }

  #message(frame, command) {
    const room = this.#rooms.get(frame.room);
    if (command !== null) {
      this.#said(command, "delivered");
    }
    // MC1-CLIENT-04: of a room that one is not in, nothing is expected.
    if (room === undefined || (room.state !== "inside" && room.state !== "leaving")) {
      return;
    }
    this.#report({
      kind: "message",
      room: room.id,
      number: frame.number,
      type: frame.type,
      username: frame.username,
      text: frame.text,
      own: frame.username === this.username && this.username !== "",
      at: this.#now(),
    });
  }

  // MC1-CLIENT-06: whatever the code, the command was not carried out.
  #refused({ code, command: about, room: where, detail }, command) {
    if (command === null) {
      this.#report({ kind: "error", code, detail, command: about, room: where });
    } else if (command.kind === "join") {
      this.#joinRefused(command, code, detail);
    } else if (command.kind === "send") {
      this.#said(command, "refused", code, detail);
    } else if (!command.probe) {
      this.#leaveRefused(command, code, detail);
    }
  }

  #joinRefused({ room: id }, code, detail) {
    const room = this.#room(id);
    room.move("join refused");
    if (!room.wanted || room.state === "inside") {
      this.#tell(room);
      return;
    }
    // MC1-CLIENT-11
    if (code === NOT_LOGGED_IN && !this.#isLoginSure && this.#loginTries < LOGIN_TRIES) {
      this.#loginTries += 1;
      this.#retry(room, LOGIN_RETRY_SECONDS * this.#loginTries);
      return;
    }
    this.#isLoginSure = true;
    room.tries += 1;
    if (TEMPORARY_ERRORS.includes(code) && room.tries < JOIN_TRIES) {
      this.#retry(room, JOIN_RETRY_SECONDS * 2 ** room.tries);
      return;
    }
    room.wanted = false;
    room.refusal = { code, detail };
    this.#tell(room);
  }

  #leaveRefused({ room: id }, code, detail) {
    const room = this.#room(id);
    room.move("leave refused");
    if (room.state === "inside") {
      room.wanted = true;
      room.refusal = { code, detail };
    }
    this.#tell(room);
  }

  #unanswered(command, { heard, lookalikes }) {
    if (command.kind === "send" && lookalikes.size > 0) {
      // Renamed while connected (MC1-MSG-03): one of them is oneself.
      if (this.#own.guess([...lookalikes.keys()])) {
        this.#report({ kind: "own", room: command.room, number: lookalikes.get(this.username) });
      }
      this.#said(command, "delivered");
      return;
    }
    if (!heard) {
      if (command.kind === "send") {
        this.#said(command, "unknown");
      }
      this.#connection.restart();
      return;
    }
    if (command.kind === "join") {
      this.#joinRefused(command, NO_ANSWER, null);
    } else if (command.kind === "send") {
      this.#said(command, "unknown");
    } else if (!command.probe) {
      this.#leaveRefused(command, NO_ANSWER, null);
    }
  }

  #attemptJoin(room) {
    this.#cancelRetry(room);
    const isOpen = this.#connection.state.name === "open";
    if (isOpen && room.wanted && room.state === "outside" && !this.#isComing(room.id, "join")) {
      this.#queue.submit({ kind: "join", room: room.id });
    }
  }

  #retry(room, seconds) {
    this.#tell(room);
    room.retry = this.#timers.after(seconds, () => {
      room.retry = null;
      this.#attemptJoin(room);
      this.#tell(room);
    });
  }

  #cancelRetry(room) {
    if (room.retry !== null) {
      this.#timers.cancel(room.retry);
      room.retry = null;
    }
  }

  #sent(command) {
    const room = this.#rooms.get(command.room);
    // A probe has none, and what is said moves none.
    if (room !== undefined) {
      room.move(command.kind);
      this.#tell(room);
    }
  }

  #isComing(id, kind) {
    return this.#queue.has((command) => command.kind === kind && command.room === id);
  }

  #said({ room, say, text }, fate, code = null, detail = null) {
    this.#report({ kind: "said", room, say, text, fate, code, detail });
  }

  #tell(room) {
    const news = room.news(this.#connection.state.name === "open");
    if (news !== null) {
      this.#report({ kind: "room", room: news });
    }
  }

  #room(id) {
    let room = this.#rooms.get(id);
    if (room === undefined) {
      room = new Room(id);
      this.#rooms.set(id, room);
    }
    return room;
  }
}
