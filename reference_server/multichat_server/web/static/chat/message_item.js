/** One thing that happened in a room, as an element; how it looks, its type decides. */

import { element, spoken, theirs } from "./elements.js";
import { MSG_TYPES } from "./protocol.js";
import { fullTimeOf, timeOf, typeLabel } from "./wording.js";

const CLASSES = Object.freeze({
  [MSG_TYPES.MESSAGE]: "plain",
  [MSG_TYPES.WARNING]: "warning",
  [MSG_TYPES.ALERT]: "alert",
  [MSG_TYPES.MUTED]: "muted",
});

const NOTICES = Object.freeze({
  [MSG_TYPES.ENTER]: " joined the room",
  [MSG_TYPES.LEAVE]: " left the room",
});

// What is longer is shown in part, so that one message does not push all others away.
const LONG_CHARACTERS = 1500;
const LONG_LINES = 20;

/** Tell whether a message only says who came and went. */
export function isNotice({ type }) {
  return Object.hasOwn(NOTICES, type);
}

/**
 * Return a message as an element.
 *
 * Args:
 *   message: {number, type, username, text, own, at}; number: which one it is on this page, or
 *     null.
 *   furtherTypes: Names of types that the deployment defines, by number (MC1-TYPE-03); a type
 *     without a name is shown with its number (MC1-TYPE-04).
 *   isGrouped: Whether it goes on with what the same person said before.
 */
export function messageItem(message, { furtherTypes, isGrouped }) {
  const { number, type, username, text, own, at } = message;
  if (isNotice(message)) {
    return element(
      "p",
      { class: "message comes-and-goes" },
      theirs(username),
      NOTICES[type],
      " ",
      time(at),
    );
  }
  const label = typeLabel(type, furtherTypes);
  const classes = ["message", CLASSES[type] ?? "further"];
  if (own) {
    classes.push("own");
  }
  if (isGrouped) {
    classes.push("grouped");
  }
  return element(
    "div",
    {
      class: classes.join(" "),
      "data-type": type,
      "data-number": number,
      title: isGrouped ? fullTimeOf(at) : null,
    },
    element(
      "p",
      { class: "byline" },
      label === null ? null : theirs(label, "span", { class: "badge" }),
      label === null ? null : " ",
      theirs(username, "bdi", { class: "author" }),
      own ? spoken(" (you)") : null,
      " ",
      time(at),
    ),
    ...(text === null ? [] : body(text)),
  );
}

function time(at) {
  return element("time", { datetime: at.toISOString(), title: fullTimeOf(at) }, timeOf(at));
}

function body(text) {
  const shown = theirs(text, "div", { class: "body" });
  if (text.length <= LONG_CHARACTERS && text.split("\n", LONG_LINES + 1).length <= LONG_LINES) {
    return [shown];
  }
  shown.classList.add("cut");
  const more = element("button", { type: "button", class: "more", "aria-expanded": "false" });
  more.textContent = "Show all";
  more.addEventListener("click", () => {
    const isCut = shown.classList.toggle("cut");
    more.setAttribute("aria-expanded", String(!isCut));
    more.textContent = isCut ? "Show all" : "Show less";
  });
  return [shown, more];
}
