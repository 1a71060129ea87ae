/** What the page says in words: errors, states, message types, times. No element is made here. */

import { MSG_TYPES } from "./protocol.js";
import { NO_ANSWER } from "./session.js";

// A sentence for the person at the page; the specification's are for those who write clients.
const REFUSALS = Object.freeze({
  USER_HAS_TO_LOGIN: "You are not logged in any more.",
  ROOM_INVALID: "This room does not exist (any more).",
  ROOM_ACCESS_DENIED: "You may not be in this room.",
  FRAME_INVALID: "The server could not read this.",
  COMMAND_INVALID: "The server does not know what was asked of it.",
  MESSAGE_INVALID: "The server takes no such message.",
  MESSAGE_TOO_LONG: "This message is too long for the server.",
  RATE_LIMITED: "Too much at once. Wait a moment, then try again.",
  SERVER_UNAVAILABLE: "The server could not do this just now. Try again in a moment.",
  [NO_ANSWER]: "The server did not answer.",
});

const CLOSED = Object.freeze({
  1000: "The server has closed the connection.",
  1002: "The server could not understand this page's connection.",
  1007: "The server could not read what this page sent.",
  1008: "Your session has ended, or the server does not want this connection.",
  1009: "Something was too long for the server.",
});

const LOST = Object.freeze({
  1012: "The server is restarting.",
  1013: "The server has too much to do.",
});

const LABELS = Object.freeze({
  [MSG_TYPES.WARNING]: "Warning",
  [MSG_TYPES.ALERT]: "Alert",
  [MSG_TYPES.MUTED]: "Muted",
});

/** The codes that have a sentence; a test holds them against the specification's. */
export const KNOWN_REFUSALS = Object.freeze(Object.keys(REFUSALS));

/** Return why something was refused; a code that is not known is shown as it is. */
export function refusal({ code, detail }) {
  if (code === "RATE_LIMITED" && detail) {
    // Of too many rooms, waiting makes no fewer.
    return `The server says: ${detail}`;
  }
  if (Object.hasOwn(REFUSALS, code)) {
    return REFUSALS[code];
  }
  return detail ? `The server refused this: ${code} (${detail})` : `The server refused this: ${code}`;
}

/** Return how the connection stands, in a sentence. */
export function connectionState(state, isOnline) {
  switch (state.name) {
    case "open":
      return "Connected";
    case "connecting":
      return state.failures === 0 ? "Connecting…" : "Connecting again…";
    case "waiting":
      if (!isOnline) {
        return "This device is offline.";
      }
      return LOST[state.code] ?? "The connection is lost.";
    default:
      if (state.code === 1008 && state.reason) {
        // The server says why, so that nobody need guess.
        return "The server has ended this connection.";
      }
      return CLOSED[state.code] ?? "The connection is closed.";
  }
}

/** Return what a message of a type is called; null for plain ones. */
export function typeLabel(type, furtherTypes) {
  if (type === MSG_TYPES.MESSAGE) {
    return null;
  }
  if (Object.hasOwn(LABELS, type)) {
    return LABELS[type];
  }
  return Object.hasOwn(furtherTypes, type) ? String(furtherTypes[type]) : `Type ${type}`;
}

/** Return what became of something that was said; null where there is nothing to say. */
export function fate({ fate: name, code, detail }) {
  switch (name) {
    case "waiting":
      return "Sending…";
    case "refused":
      return `Not sent. ${refusal({ code, detail })}`;
    case "unsent":
      return "Not sent: the connection was lost.";
    case "unknown":
      return "The connection was lost. This may not have been delivered.";
    default:
      return null;
  }
}

/** Return "1 new message" or "3 new messages". */
export function newMessages(count) {
  return count === 1 ? "1 new message" : `${count} new messages`;
}

const TIME = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const DAY = new Intl.DateTimeFormat("en", { weekday: "long", day: "numeric", month: "long" });
const FULL = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "medium" });

/** Return the hour and minute, as the person's system writes them. */
export function timeOf(date) {
  return TIME.format(date);
}

/** Return the day, such as "Sunday, November 22". */
export function dayOf(date) {
  return DAY.format(date);
}

/** Return date and time in full. */
export function fullTimeOf(date) {
  return FULL.format(date);
}
