/** What one notices without looking at a room: the page's title, and a word for screen readers. */

import { element } from "./elements.js";
import { newMessages } from "./wording.js";

export class Notifications {
  #unread = new Map();
  #title = document.title;
  #region = element("p", { class: "visually-hidden", "aria-live": "polite" });

  /** `root`: where the invisible word goes. */
  constructor(root) {
    root.append(this.#region);
  }

  /** How many messages are unread in all rooms. */
  get total() {
    return [...this.#unread.values()].reduce((sum, count) => sum + count, 0);
  }

  /**
   * Take how many messages of a room are unread.
   *
   * Args:
   *   id, title: The room.
   *   count: How many.
   *   isHeard: Whether its messages are announced by themselves, being on the page.
   */
  setUnread(id, title, count, isHeard) {
    const before = this.#unread.get(id) ?? 0;
    if (count === 0) {
      this.#unread.delete(id);
    } else {
      this.#unread.set(id, count);
    }
    if (before === 0 && count > 0 && !isHeard) {
      this.#region.textContent = `${newMessages(count)} in ${title}`;
    }
    const { total } = this;
    document.title = total === 0 ? this.#title : `(${total}) ${this.#title}`;
  }
}
