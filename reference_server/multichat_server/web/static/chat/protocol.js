/**
 * The frames of multichat v1 as a client writes and reads them: text in, plain objects out.
 *
 * Knows no socket, no clock and no page. The tables are those of the specification
 * (spec/v1/*.json); a test holds them equal.
 */

/** What `msg_type` means (MC1-TYPE-01). A deployment may define further numbers. */
export const MSG_TYPES = Object.freeze({
  MESSAGE: 0,
  WARNING: 1,
  ALERT: 2,
  MUTED: 3,
  ENTER: 4,
  LEAVE: 5,
});

/** Whether to connect again after a close code (MC1-CLOSE-08, close_codes.json). */
export const CLOSE_CODES = Object.freeze({
  1000: "no",
  1001: "backoff",
  1002: "no",
  1005: "backoff",
  1006: "backoff",
  1007: "no",
  1008: "after-login",
  1009: "no",
  1011: "backoff",
  1012: "backoff",
  1013: "backoff-long",
});

/** The error codes after which trying the same again is safe and may help (errors.json). */
export const TEMPORARY_ERRORS = Object.freeze(["RATE_LIMITED", "SERVER_UNAVAILABLE"]);

/** How a room moves on one connection, as a client sees it (MC1-CLIENT-04, state.json). */
export const ROOM_STATES = Object.freeze({
  outside: { join: "entering", leave: "outside", joined: "inside", left: "outside" },
  entering: { joined: "inside", left: "entering", "join refused": "outside" },
  inside: {
    join: "inside",
    leave: "leaving",
    send: "inside",
    joined: "inside",
    left: "outside",
    "join refused": "inside",
  },
  leaving: { joined: "leaving", left: "outside", "leave refused": "inside" },
});

// A conforming server's frame holds one message; the longest that ours takes is 2 MiB.
const LONGEST_FRAME = 8 * 1024 * 1024;

// A frame has exactly one of these (MC1-FRAME-05), and is of the kind that it names.
const READERS = Object.freeze({
  join: readJoined,
  leave: readLeft,
  error: readError,
  msg_type: readMessage,
});

const CANONICAL_ROOM = /^(0|-?[1-9][0-9]{0,18})$/;
const ERROR_CODE = /^[A-Z][A-Z0-9_]{0,63}$/;
const COMMANDS = Object.freeze(["join", "leave", "send"]);
// With the flag u a pair is one character, so that only half of one is a surrogate.
const LONE_SURROGATE = /\p{Surrogate}/u;
const LONE_SURROGATES = /\p{Surrogate}/gu;

const MALFORMED = Object.freeze({ kind: "malformed" });
const IGNORED = Object.freeze({ kind: "ignored" });

/** Return the frame that asks to be let into a room. */
export function encodeJoin(room) {
  return JSON.stringify({ command: "join", room });
}

/** Return the frame that gives a room up. */
export function encodeLeave(room) {
  return JSON.stringify({ command: "leave", room });
}

/** Return the frame that says something in a room; `text` is well-formed. */
export function encodeSend(room, text) {
  return JSON.stringify({ command: "send", room, message: text });
}

/** Return text in which each half of a character is U+FFFD: servers refuse it (MC1-JSON-03). */
export function wellFormed(text) {
  return text.replace(LONE_SURROGATES, "\ufffd");
}

/**
 * Read one frame of the server.
 *
 * Returns an object whose `kind` is `joined` {room, title}, `left` {room},
 * `error` {code, command, room, detail; null where missing}, `message` {room, type, username,
 * text; null for ENTER and LEAVE}, `ignored` for a frame of no kind that v1 knows
 * (MC1-CLIENT-02), or `malformed` for what may not be acted on (MC1-CLIENT-03).
 */
export function decode(text) {
  if (typeof text !== "string" || text.length > LONGEST_FRAME) {
    return MALFORMED;
  }
  let frame;
  try {
    frame = JSON.parse(text);
  } catch (error) {
    // RangeError: nested deeper than the engine's stack.
    if (error instanceof SyntaxError || error instanceof RangeError) {
      return MALFORMED;
    }
    throw error;
  }
  if (typeof frame !== "object" || frame === null || Array.isArray(frame)) {
    return MALFORMED;
  }
  const kinds = Object.keys(READERS).filter((name) => Object.hasOwn(frame, name));
  if (kinds.length === 0) {
    return IGNORED;
  }
  return kinds.length === 1 ? READERS[kinds[0]](frame) : MALFORMED;
}

function readJoined(frame) {
  if (!isRoom(frame.join) || !isText(frame.title)) {
    return MALFORMED;
  }
  return { kind: "joined", room: frame.join, title: frame.title };
}

function readLeft(frame) {
  return isRoom(frame.leave) ? { kind: "left", room: frame.leave } : MALFORMED;
}

function readError(frame) {
  const { error: code, command = null, room = null, detail = null } = frame;
  if (
    typeof code !== "string" ||
    !ERROR_CODE.test(code) ||
    (Object.hasOwn(frame, "command") && !COMMANDS.includes(command)) ||
    (Object.hasOwn(frame, "room") && !isRoom(room)) ||
    (Object.hasOwn(frame, "detail") && !isText(detail))
  ) {
    return MALFORMED;
  }
  return { kind: "error", code, command, room, detail };
}

function readMessage(frame) {
  const { msg_type: type, room, username, message: text } = frame;
  if (
    !Number.isSafeInteger(type) ||
    type < 0 ||
    !isRoom(room) ||
    !isText(username) ||
    !Object.hasOwn(frame, "message") ||
    !mayHaveText(type, text)
  ) {
    return MALFORMED;
  }
  return { kind: "message", room, type, username, text };
}

// MC1-MSG-02; what further types carry, their deployment decides.
function mayHaveText(type, text) {
  if (type === MSG_TYPES.ENTER || type === MSG_TYPES.LEAVE) {
    return text === null;
  }
  return isText(text) || (type > MSG_TYPES.LEAVE && text === null);
}

/** Tell whether a value is a room's id as servers write it (MC1-ROOM-05). */
export function isRoom(value) {
  return typeof value === "string" && CANONICAL_ROOM.test(value);
}

function isText(value) {
  return typeof value === "string" && !LONE_SURROGATE.test(value);
}
