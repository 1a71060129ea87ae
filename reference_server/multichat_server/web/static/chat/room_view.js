/**
 * One opened room: its head, what happened, what was not delivered, and the form to say something.
 *
 * The element ids and names are those of the original's page: `#room-<id>`, `.messages`, a form.
 */

import { button, element, setText, theirs } from "./elements.js";
import { MessageList } from "./message_list.js";
import { OutboxView } from "./outbox_view.js";
import { refusal } from "./wording.js";

const MOST_LINES = 8;

export class RoomView {
  #room;
  #act;
  #hasBegun = false;
  // When one was last in the room.
  #until = Date.now();
  #title;
  #leaveButton;
  #note = element("p", { class: "room-note", role: "status" });
  #noteButtons = element("div", { class: "row room-note-buttons" });
  #list;
  #outbox;
  #input;
  #sendButton = element("button", { type: "submit", class: "button primary" }, "Send");
  #badge = element("span", { class: "badge count", "aria-hidden": "true" });
  #staff = element("span", { class: "badge staff" }, "staff");

  /**
   * Args:
   *   room: How the room stands, see Room.news.
   *   kept: What a page before this one had, see Memory.of.
   *   furtherTypes: See messageItem.
   *   act: What the person can ask for: {say(text) -> whether it was taken, leave(), join(),
   *     close(), back(), unread(count)}.
   */
  constructor({ room, kept, furtherTypes, act }) {
    this.#room = room;
    this.#act = act;
    const { id } = room;
    this.#title = theirs("", "h2", { id: `title-${id}`, tabindex: "-1" });
    this.#leaveButton = button("Leave", () => act.leave(), {
      id: `leave-${id}`,
      "aria-labelledby": `leave-${id} title-${id}`,
    });
    this.#list = new MessageList({
      labelledBy: `title-${id}`,
      furtherTypes,
      onUnread: () => this.#showUnread(),
    });
    this.#outbox = new OutboxView({
      onRetry: (text) => this.#say(text),
      onEdit: (text) => this.#edit(text),
    });
    this.element = element(
      "section",
      { class: "room", id: `room-${id}`, "aria-labelledby": `title-${id}` },
      element(
        "div",
        { class: "room-head" },
        button("‹", () => act.back(), { class: "button quiet back", "aria-label": "All rooms" }),
        this.#title,
        this.#staff,
        this.#badge,
        this.#leaveButton,
      ),
      this.#list.element,
      this.#outbox.element,
      element("div", { class: "room-foot" }, this.#note, this.#noteButtons),
      this.#form(),
    );
    this.element.addEventListener("keydown", (event) => this.#key(event));
    this.#restore(kept);
    this.update(room);
  }

  /** How the room stands. */
  get room() {
    return this.#room;
  }

  /** What a later page would need, see Memory.note. */
  get kept() {
    const { unsent } = this.#outbox;
    const until = this.#room.status === "inside" ? Date.now() : this.#until;
    return { draft: this.#input.value, unsent, history: this.#list.history, until };
  }

  /** How many messages came that nobody can have seen yet. */
  get unread() {
    return this.#list.unread;
  }

  /** Take how the room stands now. */
  update(room) {
    if (this.#room.status === "inside") {
      this.#until = Date.now();
    }
    this.#room = room;
    if (room.title !== null) {
      setText(this.#title, room.title);
    }
    this.element.dataset.status = room.status;
    if (room.status === "inside" && !this.#hasBegun) {
      this.#hasBegun = true;
      this.#list.addBeginning(new Date());
    }
    this.#explain();
  }

  addMessage(message) {
    this.#list.add(message);
    if (message.own) {
      this.#outbox.arrived(message.text);
    }
  }

  /** Say whether the room is open to staff only. */
  setForStaff(isForStaff) {
    this.#staff.hidden = !isForStaff;
  }

  /** One of the messages was one's own after all. */
  markOwn(number) {
    this.#list.markOwn(number);
  }

  addGap(gap) {
    this.#list.addGap(gap);
  }

  /** Take what became of something that was said here. */
  said(report) {
    this.#outbox.update(report);
  }

  /** Look again whether what came can be seen; to be called when the page is shown. */
  look() {
    this.#list.look();
  }

  /** Bring the room into sight and the cursor into its form, or to its title on a touch screen. */
  focus() {
    this.element.scrollIntoView({ block: "nearest", inline: "nearest" });
    const isTouched = window.matchMedia("(pointer: coarse)").matches;
    (isTouched ? this.#title : this.#input).focus({ preventScroll: true });
  }

  #restore({ draft, unsent, history, until }) {
    this.#input.value = draft;
    this.#fit();
    this.#outbox.restore(unsent);
    if (history.length > 0) {
      this.#hasBegun = true;
      this.#list.restore(history);
      this.#list.addGap({ from: new Date(until), until: new Date() });
    }
  }

  #form() {
    const { id } = this.#room;
    this.#input = element("textarea", {
      id: `say-${id}`,
      name: "message",
      rows: 1,
      dir: "auto",
      autocomplete: "off",
      enterkeyhint: "send",
      placeholder: "Write a message",
      "aria-labelledby": `say-label-${id} title-${id}`,
    });
    this.#input.addEventListener("input", () => this.#fit());
    const form = element(
      "form",
      { class: "say" },
      element("span", { id: `say-label-${id}`, hidden: true }, "Message to"),
      this.#input,
      this.#sendButton,
    );
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
    return form;
  }

  #submit() {
    const text = this.#input.value;
    if (text.trim() === "") {
      return;
    }
    if (this.#say(text)) {
      this.#input.value = "";
      this.#fit();
    }
    this.#input.focus();
  }

  #say(text) {
    if (this.#act.say(text)) {
      this.#list.toEnd();
      return true;
    }
    // Nothing typed is ever lost.
    if (this.#input.value !== text) {
      this.#edit(text);
    }
    this.#remind();
    return false;
  }

  #edit(text) {
    const { value } = this.#input;
    this.#input.value = value === "" ? text : `${value}\n${text}`;
    this.#fit();
    this.#input.focus();
  }

  #fit() {
    const lines = this.#input.value.split("\n", MOST_LINES).length;
    this.#input.rows = lines;
  }

  // Said again even if it stands there already, as somebody has just tried.
  #remind() {
    const text = this.#note.textContent || "Not sent: too much is waiting to be sent already.";
    this.#note.textContent = "";
    this.#note.append(text);
    this.#note.classList.add("insist");
  }

  #explain() {
    const { status, refusal: refused, putOut } = this.#room;
    this.#note.classList.remove("insist");
    this.#leaveButton.hidden = status === "outside";
    // Not disabled in earnest: whoever presses it is told why.
    this.#sendButton.setAttribute("aria-disabled", String(status !== "inside"));
    const again = [
      button("Join again", () => this.#act.join()),
      button("Close", () => this.#act.close()),
    ];
    const [text, buttons] = this.#explanation(status, refused, putOut, again);
    setText(this.#note, text);
    this.#note.classList.toggle("bad", refused !== null || putOut);
    this.#noteButtons.replaceChildren(...buttons);
  }

  #explanation(status, refused, putOut, again) {
    if (status === "inside") {
      return [refused === null ? "" : refusal(refused), []];
    }
    if (status === "away") {
      return ["Not connected. What you write is kept until you can send it.", []];
    }
    if (status === "joining") {
      return [this.#hasBegun ? "Joining again…" : "Joining…", []];
    }
    if (status === "leaving") {
      return ["Leaving…", []];
    }
    if (refused !== null) {
      return [refusal(refused), again];
    }
    return [putOut ? "You were taken out of this room." : "You are not in this room.", again];
  }

  #showUnread() {
    const { unread } = this.#list;
    this.element.classList.toggle("has-unread", unread > 0);
    setText(this.#badge, unread === 0 ? "" : String(unread));
    this.#act.unread(unread);
  }

  #key(event) {
    // A key that ends a composition (an input method's) is none of ours.
    if (event.isComposing || event.keyCode === 229) {
      return;
    }
    const isPlain = !event.altKey && !event.ctrlKey && !event.metaKey && !event.shiftKey;
    if (event.key === "Enter" && isPlain && event.target === this.#input) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape" && isPlain) {
      this.#list.toEnd();
      this.#input.focus();
    } else if (event.target === this.#input && isPlain && /^Page(Up|Down)$/.test(event.key)) {
      event.preventDefault();
      this.#list.scrollByScreens(event.key === "PageUp" ? -1 : 1);
    }
  }
}
