/**
 * What happened in one room, newest at the end: it follows the end while one is there, and stays
 * put while one reads back.
 *
 * Only a person's scrolling decides which of the two it is; a change of size (a phone's keyboard,
 * a room opened beside this one) does not.
 *
 * What comes waits for the browser's next frame, and is then put on the page all at once: a busy
 * room costs a page one layout a frame, not one a message. What is old is taken off the page in
 * blocks, but never while somebody reads back; then, beyond a limit, what is new waits.
 */

import { element, spoken } from "./elements.js";
import { isNotice, messageItem } from "./message_item.js";
import { MSG_TYPES } from "./protocol.js";
import { dayOf, newMessages, timeOf } from "./wording.js";

// So close to the end still counts as there, in CSS pixels: less than a line.
const END_PIXELS = 20;
// What is older is taken off the page, so many at a time.
const MOST_ITEMS = 1000;
const BLOCK_ITEMS = 100;
// While somebody reads back, nothing is taken off; what comes beyond this is held back, and of
// that the newest is kept.
const MOST_ITEMS_READING = 3000;
const MOST_HELD = 1000;
// What one person says within this time is one group.
const GROUP_MILLISECONDS = 5 * 60 * 1000;
// A page that is not shown has no frames; what came counts as unread all the same.
const LATEST_MILLISECONDS = 250;
// What is kept over a reload, see `history`.
const MOST_KEPT = 200;

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
  // Not looked at yet; not on the page yet.
  #arrived = [];
  #waiting = [];
  #frame = null;
  #timer = null;
  #kept = [];

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

  /** What happened last, to be given to `restore` of another list, as JSON has it. */
  get history() {
    return this.#kept;
  }

  /** Add a message, {number, type, username, text, own, at}. */
  add(message) {
    this.#take({ message });
  }

  /** Say that messages may be missing here. */
  addGap({ from, until }) {
    const [lost, back] = [timeOf(from), timeOf(until)];
    const when = lost === back ? `for a moment at ${lost}` : `from ${lost} to ${back}`;
    const note = `You were out of this room ${when}. Messages may be missing here.`;
    this.#take({ mark: "gap", note, at: until });
  }

  /** Say where this page's view of the room begins. */
  addBeginning(at) {
    const note = `You joined at ${timeOf(at)}. Earlier messages are not kept.`;
    this.#take({ mark: "beginning", note, at });
  }

  /** Begin with what another list had; all of it has been read. */
  restore(history) {
    for (const entry of history.map(revived).filter((each) => each !== null)) {
      this.#take(entry);
    }
    this.toEnd();
  }

  /** Mark a message, by its number, as one's own after all. */
  markOwn(number) {
    for (const { message } of [...this.#kept, ...this.#arrived, ...this.#waiting]) {
      if (message?.number === number) {
        message.own = true;
      }
    }
    const item = this.#log.querySelector(`.message[data-number="${number}"]:not(.own)`);
    item?.classList.add("own");
    item?.querySelector(".author").after(spoken(" (you)"));
  }

  /** Go to the newest message. */
  toEnd() {
    this.#isAtEnd = true;
    this.#flush();
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

  #take(entry) {
    this.#kept.push(entry);
    if (this.#kept.length > MOST_KEPT) {
      this.#kept.shift();
    }
    this.#arrived.push(entry);
    if (this.#frame === null) {
      const flush = () => this.#flush();
      this.#frame = requestAnimationFrame(flush);
      this.#timer = setTimeout(flush, LATEST_MILLISECONDS);
    }
  }

  #flush() {
    cancelAnimationFrame(this.#frame);
    clearTimeout(this.#timer);
    this.#frame = null;
    const unread = this.#unread + this.#sort();
    const shown = this.#isAtEnd ? this.#waiting.splice(0) : this.#waiting.splice(0, this.#room());
    this.#waiting = this.#waiting.slice(-MOST_HELD);
    if (shown.length > 0) {
      const added = shown.slice(-MOST_ITEMS);
      const items = new DocumentFragment();
      for (const entry of added) {
        this.#append(items, entry);
      }
      this.#log.append(items);
      if (this.#isAtEnd) {
        this.#trim(added.length < shown.length);
        this.#scroller.scrollTop = this.#scroller.scrollHeight;
      }
    }
    this.#count(unread);
  }

  // Returns how many of those that have arrived nobody can have seen.
  #sort() {
    const isSeen = this.#isSeen();
    const arrived = this.#arrived.splice(0);
    let unseen = 0;
    for (const entry of arrived) {
      const { message, isOld } = entry;
      if (message !== undefined && !message.own && !isNotice(message) && !isSeen && !isOld) {
        entry.isFirstUnseen = this.#unread + unseen === 0;
        unseen += 1;
      }
    }
    this.#waiting.push(...arrived);
    return unseen;
  }

  // While somebody reads back: how many more items there is room for.
  #room() {
    return Math.max(0, MOST_ITEMS_READING - this.#log.childElementCount);
  }

  #append(items, { message, mark, note, isFirstUnseen, at = message.at }) {
    const day = dayOf(at);
    if (this.#day !== null && this.#day !== day) {
      items.append(this.#mark("day", day));
    }
    this.#day = day;
    if (message === undefined) {
      items.append(this.#mark(mark, note));
      return;
    }
    if (isFirstUnseen) {
      this.#newMark?.remove();
      this.#newMark = this.#mark("new", "New messages");
      items.append(this.#newMark);
    }
    const isGrouped = this.#goesOn(message);
    items.append(messageItem(message, { furtherTypes: this.#furtherTypes, isGrouped }));
    this.#last = message;
  }

  #mark(name, text) {
    this.#last = null;
    return element("p", { class: `mark ${name}` }, text);
  }

  #goesOn(message) {
    const last = this.#last;
    return (
      last !== null &&
      message.type === MSG_TYPES.MESSAGE &&
      last.type === MSG_TYPES.MESSAGE &&
      last.username === message.username &&
      last.own === message.own &&
      message.at - last.at < GROUP_MILLISECONDS
    );
  }

  #trim(isMissing) {
    const surplus = this.#log.childElementCount - MOST_ITEMS;
    if (surplus <= BLOCK_ITEMS && !isMissing) {
      return;
    }
    this.#olderMark?.remove();
    // The mark takes a place, too.
    const left = MOST_ITEMS - 1;
    for (const item of [...this.#log.children].slice(0, -left)) {
      item.remove();
    }
    this.#olderMark = element("p", { class: "mark" }, "Older messages are not shown any more.");
    this.#log.prepend(this.#olderMark);
  }

  #scrolled() {
    if (this.#scroller.clientHeight !== this.#height) {
      return;
    }
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    this.#isAtEnd = scrollHeight - scrollTop - clientHeight < END_PIXELS;
    if (this.#isAtEnd && this.#waiting.length > 0) {
      this.toEnd();
    }
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

// Times have become text on the way, and numbers name the messages of one page only. What is none
// of this is nothing.
function revived(entry) {
  const { message, mark, note } = entry ?? {};
  const at = new Date(message?.at ?? entry?.at);
  if (Number.isNaN(at.getTime())) {
    return null;
  }
  if (message === undefined) {
    return { mark: String(mark), note: String(note), at };
  }
  const { type, username, text, own } = message;
  const known = { number: null, type, username: String(username), own: own === true, at };
  return { message: { ...known, text: text === null ? null : String(text) }, isOld: true };
}
