/**
 * What happened in one room, newest at the end: it follows the end while one is there, and stays
 * put while one reads back.
 *
 * Only a person's scrolling decides which of the two it is; a change of size (a phone's keyboard,
 * a room opened beside this one) does not.
 */

import { element } from "./elements.js";
import { isNotice, messageItem } from "./message_item.js";
import { MSG_TYPES } from "./protocol.js";
import { dayOf, newMessages, timeOf } from "./wording.js";

// So close to the end still counts as there, in CSS pixels: less than a line.
const END_PIXELS = 20;
// What is older is taken off the page, which would grow slow.
const MOST_ITEMS = 1000;
// What one person says within this time is one group.
const GROUP_MILLISECONDS = 5 * 60 * 1000;

export class MessageList {
  #furtherTypes;
  #onUnread;
  #log;
  #scroller;
  #jump;
  #newMark = null;
  #olderMark = null;
  #last = null;
  #day = null;
  #height = 0;
  #isAtEnd = true;
  #isOnScreen = true;
  #unread = 0;

  /**
   * Args:
   *   labelledBy: The id of the room's heading.
   *   furtherTypes: See messageItem.
   *   onUnread: Called when the number of unread messages has changed.
   */
  constructor({ labelledBy, furtherTypes, onUnread }) {
    this.#furtherTypes = furtherTypes;
    this.#onUnread = onUnread;
    this.#log = element("div", {
      class: "messages",
      role: "log",
      "aria-labelledby": labelledBy,
    });
    this.#scroller = element(
      "div",
      { class: "scroller", tabindex: "0", role: "group", "aria-labelledby": labelledBy },
      this.#log,
    );
    this.#jump = element("button", { type: "button", class: "button jump", hidden: true });
    this.#jump.addEventListener("click", () => this.toEnd());
    this.element = element("div", { class: "history" }, this.#scroller, this.#jump);

    this.#scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    new ResizeObserver(() => this.#resized()).observe(this.#scroller);
    new IntersectionObserver((entries) => {
      this.#isOnScreen = entries.at(-1).isIntersecting;
      this.look();
    }).observe(this.#scroller);
  }

  /** How many messages came that nobody can have seen yet. */
  get unread() {
    return this.#unread;
  }

  /** Add a message, {type, username, text, own, at}. */
  add(message) {
    this.#beginDay(message.at);
    const isUnseen = !message.own && !isNotice(message) && !this.#isSeen();
    if (isUnseen && this.#unread === 0) {
      this.#newMark?.remove();
      this.#newMark = element("p", { class: "mark new" }, "New messages");
      this.#append(this.#newMark);
      this.#last = null;
    }
    const isGrouped = this.#goesOn(message);
    this.#append(messageItem(message, { furtherTypes: this.#furtherTypes, isGrouped }));
    this.#last = message;
    if (isUnseen) {
      this.#count(this.#unread + 1);
    }
  }

  /** Say that messages may be missing here. */
  addGap({ from, until }) {
    this.#beginDay(until);
    const [lost, back] = [timeOf(from), timeOf(until)];
    const when = lost === back ? `for a moment at ${lost}` : `from ${lost} to ${back}`;
    this.#note("gap", `You were out of this room ${when}. Messages may be missing here.`);
  }

  /** Say where this page's view of the room begins. */
  addBeginning(at) {
    this.#beginDay(at);
    this.#note("beginning", `You joined at ${timeOf(at)}. Earlier messages are not kept.`);
  }

  /** Go to the newest message. */
  toEnd() {
    this.#isAtEnd = true;
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
    this.look();
  }

  /** Scroll by so many screens, as the keys PageUp and PageDown do. */
  scrollByScreens(screens) {
    this.#scroller.scrollBy({ top: screens * this.#scroller.clientHeight * 0.9 });
  }

  /** Count everything as read, if it can be seen now. */
  look() {
    if (this.#isSeen()) {
      this.#count(0);
    }
  }

  #isSeen() {
    return this.#isAtEnd && this.#isOnScreen && document.visibilityState === "visible";
  }

  #goesOn(message) {
    const last = this.#last;
    return (
      last !== null &&
      message.type === MSG_TYPES.MESSAGE &&
      last.type === MSG_TYPES.MESSAGE &&
      last.username === message.username &&
      message.at - last.at < GROUP_MILLISECONDS
    );
  }

  #beginDay(at) {
    const day = dayOf(at);
    if (this.#day !== null && this.#day !== day) {
      this.#note("day", day);
    }
    this.#day = day;
  }

  #note(name, text) {
    this.#append(element("p", { class: `mark ${name}` }, text));
    this.#last = null;
  }

  #append(item) {
    this.#log.append(item);
    // While somebody reads back, the browser holds what is in sight in its place.
    while (this.#log.childElementCount > MOST_ITEMS) {
      const oldest = this.#log.firstElementChild;
      if (oldest === this.#olderMark) {
        oldest.nextElementSibling.remove();
      } else {
        oldest.remove();
        this.#olderMark = element("p", { class: "mark" }, "Older messages are not shown any more.");
        this.#log.prepend(this.#olderMark);
      }
    }
    if (this.#isAtEnd) {
      this.#scroller.scrollTop = this.#scroller.scrollHeight;
    }
  }

  #scrolled() {
    if (this.#scroller.clientHeight !== this.#height) {
      return;
    }
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < END_PIXELS;
    this.look();
    this.#showJump();
  }

  #resized() {
    this.#height = this.#scroller.clientHeight;
    if (this.#isAtEnd) {
      this.#scroller.scrollTop = this.#scroller.scrollHeight;
    }
    this.#showJump();
  }

  #count(unread) {
    if (unread !== this.#unread) {
      this.#unread = unread;
      this.#onUnread();
    }
    this.#showJump();
  }

  #showJump() {
    this.#jump.hidden = this.#isAtEnd;
    const what = this.#unread === 0 ? "To the newest" : newMessages(this.#unread);
    if (this.#jump.textContent !== what) {
      this.#jump.textContent = what;
    }
  }
}
