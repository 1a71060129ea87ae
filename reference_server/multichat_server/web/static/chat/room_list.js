/** The list of rooms: what there is, where one is, what is unread, and why one was not let in. */

import { button, element, setText, spoken, theirs } from "./elements.js";
import { newMessages, refusal } from "./wording.js";

// A list that is longer gets a field to search it.
const MANY = 8;

const STATES = Object.freeze({
  inside: "joined",
  joining: "joining…",
  leaving: "leaving…",
  away: "not connected",
  outside: "",
});

export class RoomList {
  #list;
  #act;
  #empty;
  #rows = new Map();
  #listed = null;
  #none = element("p", { class: "none muted", role: "status" });
  #search = null;

  /**
   * Args:
   *   list: The page's ul.rooms.
   *   empty: What stands there while there are no rooms; null for nothing.
   *   act: What the person can ask for: {choose(id), leave(id)}; and isOpen(id), whether there is
   *     more to be seen of a room than its row.
   */
  constructor({ list, empty, act }) {
    this.#list = list;
    this.#empty = empty;
    this.#act = act;
    for (const item of list.querySelectorAll("li.room-link[data-room-id]")) {
      this.#take(item);
    }
    list.addEventListener("keydown", (event) => this.#key(event));
    this.#offerSearch();
  }

  /** Return a room's title; null if it is not in the list. */
  titleOf(id) {
    return this.#rows.get(id)?.title.textContent ?? null;
  }

  /** Tell whether a room is open to staff only. */
  isForStaff(id) {
    const row = this.#rows.get(id);
    return row !== undefined && !row.staff.hidden;
  }

  /** Take how a room stands; one that is not in the list is added. */
  update({ id, title, status, refusal: refused, putOut }) {
    const row = this.#rows.get(id) ?? this.#add(id);
    if (title !== null) {
      this.#entitle(row, title);
    }
    const isOpen = status !== "outside";
    row.item.classList.toggle("joined", isOpen);
    row.item.dataset.status = status;
    setText(row.state, STATES[status]);
    row.leave.hidden = !isOpen;
    const why = refused === null ? (putOut ? "You were taken out of this room." : "") : refusal(refused);
    setText(row.refusal, why);
    row.refusal.hidden = why === "";
  }

  /** Take the rooms that there are now, [{id, title, isForStaff}], in their order. */
  setRooms(rooms) {
    let place = this.#list.firstElementChild;
    for (const { id, title, isForStaff } of rooms) {
      const row = this.#rows.get(id) ?? this.#add(id);
      this.#entitle(row, title);
      row.staff.hidden = !isForStaff;
      if (row.item === place) {
        place = place.nextElementSibling;
      } else {
        this.#list.insertBefore(row.item, place);
      }
    }
    this.#listed = new Set(rooms.map(({ id }) => id));
    this.prune();
    this.#filter();
  }

  /** Take out what is not there any more, unless one is in it, or has it open, or is on its row. */
  prune() {
    for (const [id, { item }] of this.#rows) {
      const isGone = this.#listed !== null && !this.#listed.has(id);
      const isInUse = item.classList.contains("joined") || this.#act.isOpen(id);
      if (isGone && !isInUse && !item.contains(document.activeElement)) {
        item.remove();
        this.#rows.delete(id);
      }
    }
    this.#showEmpty();
  }

  /** Say how many messages of a room are unread. */
  setUnread(id, count) {
    const row = this.#rows.get(id);
    row?.item.classList.toggle("has-unread", count > 0);
    row?.badge.replaceChildren(
      ...(count === 0
        ? []
        : [element("span", { "aria-hidden": "true" }, String(count)), spoken(newMessages(count))]),
    );
  }

  /** Mark the room that is being looked at; null for none. */
  setCurrent(id) {
    for (const [each, { enter }] of this.#rows) {
      if (each === id) {
        enter.setAttribute("aria-current", "true");
      } else {
        enter.removeAttribute("aria-current");
      }
    }
  }

  /** Put the focus on a room's row, or on the first if there is none. */
  focus(id) {
    const first = this.#list.querySelector("li:not([hidden]) > .enter");
    (this.#rows.get(id)?.enter ?? first)?.focus();
  }

  #add(id) {
    const item = element("li", { class: "room-link", "data-room-id": id }, `Room ${id}`);
    this.#list.append(item);
    this.#take(item);
    this.#showEmpty();
    this.#offerSearch();
    return this.#rows.get(id);
  }

  #take(item) {
    const id = item.dataset.roomId;
    const title = theirs(item.textContent.trim(), "span", { class: "title", id: `listed-${id}` });
    const state = element("span", { class: "state" });
    const badge = element("span", { class: "badge count" });
    const staff = element("span", { class: "badge" }, "staff");
    staff.hidden = !item.hasAttribute("data-staff-only");
    const enter = element(
      "button",
      { type: "button", class: "enter" },
      title,
      staff,
      " ",
      badge,
      " ",
      state,
    );
    const leave = button("Leave", () => this.#act.leave(id), {
      class: "leave",
      id: `unlist-${id}`,
      "aria-labelledby": `unlist-${id} listed-${id}`,
    });
    leave.hidden = true;
    const refused = element("p", { class: "refusal", role: "alert" });
    refused.hidden = true;
    enter.addEventListener("click", () => this.#act.choose(id));
    item.replaceChildren(enter, leave, refused);
    item.title = title.textContent;
    this.#rows.set(id, { item, enter, leave, title, staff, state, badge, refusal: refused });
  }

  #showEmpty() {
    const isEmpty = this.#rows.size === 0;
    this.#list.hidden = isEmpty;
    if (this.#empty !== null) {
      this.#empty.hidden = !isEmpty;
    }
  }

  // Long ones are cut short by the style.
  #entitle({ item, title: shown }, title) {
    setText(shown, title);
    item.title = title;
  }

  #offerSearch() {
    if (this.#search !== null || this.#rows.size <= MANY) {
      return;
    }
    this.#search = element("input", {
      type: "search",
      class: "search",
      placeholder: "Find a room",
      "aria-label": "Find a room",
      autocomplete: "off",
    });
    this.#search.addEventListener("input", () => this.#filter());
    this.#search.addEventListener("keydown", (event) => {
      const first = this.#list.querySelector("li:not([hidden]) > .enter");
      if (first !== null && !event.isComposing && ["ArrowDown", "Enter"].includes(event.key)) {
        event.preventDefault();
        first.focus();
        if (event.key === "Enter") {
          first.click();
        }
      }
    });
    this.#list.before(this.#search, this.#none);
  }

  #filter() {
    if (this.#search === null) {
      return;
    }
    const wanted = fold(this.#search.value.trim());
    for (const [id, { item, title }] of this.#rows) {
      item.hidden = !fold(title.textContent).includes(wanted) && id !== wanted;
    }
    const isAny = this.#list.querySelector("li:not([hidden])") !== null;
    setText(this.#none, isAny || this.#rows.size === 0 ? "" : "No room has that in its title.");
  }

  #key(event) {
    const step = { ArrowDown: 1, ArrowUp: -1, Home: -Infinity, End: Infinity }[event.key];
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) {
      return;
    }
    const all = [...this.#list.querySelectorAll("li:not([hidden]) > .enter")];
    const at = all.indexOf(event.target.closest("li")?.querySelector(".enter"));
    event.preventDefault();
    all[Math.min(all.length - 1, Math.max(0, at + step))]?.focus();
  }
}

function fold(text) {
  return text.normalize("NFKD").replace(/\p{Mark}/gu, "").toLowerCase();
}
