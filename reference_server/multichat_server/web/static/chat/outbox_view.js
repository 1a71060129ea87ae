/**
 * What was said and has not come back yet: invisible while all goes well, a line with buttons when
 * it does not.
 */

import { button, element, theirs } from "./elements.js";
import { fate as fateInWords } from "./wording.js";

// What is answered sooner is not worth a line that comes and goes.
const SLOW_MILLISECONDS = 600;

export class OutboxView {
  #items = new Map();
  #onRetry;
  #onEdit;

  /** `onRetry` and `onEdit` are called with the text. */
  constructor({ onRetry, onEdit }) {
    this.#onRetry = onRetry;
    this.#onEdit = onEdit;
    this.element = element("ul", { class: "outbox", "aria-label": "Not delivered" });
    this.element.hidden = true;
  }

  /** What is not known to be delivered, as `restore` takes it. */
  get unsent() {
    return [...this.#items.values()]
      .filter(({ fate }) => fate !== "waiting")
      .map(({ text, fate, code, detail }) => ({ text, fate, code, detail }));
  }

  /** Begin with what was not delivered from another page. */
  restore(unsent) {
    unsent.forEach((each, at) => this.update({ ...each, say: `kept ${at}` }));
  }

  /** Take what is known about one message: {say, text, fate, code, detail}. */
  update(said) {
    this.#remove(said.say);
    if (said.fate !== "delivered") {
      const item = said.fate === "waiting" ? this.#waiting(said) : this.#failed(said);
      this.#items.set(said.say, { ...said, item });
      this.element.append(item);
    }
    this.#show();
  }

  /** One's own message has come; it may be one of which that was not known any more. */
  arrived(text) {
    for (const [say, { fate, text: waiting }] of this.#items) {
      if (fate === "unknown" && waiting === text) {
        this.#remove(say);
        break;
      }
    }
    this.#show();
  }

  #waiting({ say, text }) {
    const item = element(
      "li",
      { class: "waiting" },
      theirs(text, "span", { class: "text" }),
      " ",
      element("span", { class: "fate" }, fateInWords({ fate: "waiting" })),
    );
    item.hidden = true;
    setTimeout(() => {
      if (this.#items.get(say)?.item === item) {
        item.hidden = false;
        this.#show();
      }
    }, SLOW_MILLISECONDS);
    return item;
  }

  #failed(said) {
    const { say, text } = said;
    const end = (act) => () => {
      this.#remove(say);
      this.#show();
      act(text);
    };
    return element(
      "li",
      { class: "failed" },
      theirs(text, "span", { class: "text" }),
      element("span", { class: "fate", role: "alert" }, fateInWords(said)),
      element(
        "span",
        { class: "row" },
        button("Send again", end(this.#onRetry)),
        button("Edit", end(this.#onEdit)),
        button("Discard", end(() => {})),
      ),
    );
  }

  #remove(say) {
    this.#items.get(say)?.item.remove();
    this.#items.delete(say);
  }

  #show() {
    this.element.hidden = ![...this.#items.values()].some(({ item }) => !item.hidden);
  }
}
