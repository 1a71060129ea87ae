/**
 * Which rooms are open in this tab, kept over a reload and a login; nothing that was said.
 *
 * Each user of a tab has an own memory. Where a browser has none to give, there is none.
 */

const KEY = "multichat.rooms:";

export class Memory {
  #key;

  constructor(username) {
    this.#key = KEY + username;
  }

  /** Return the rooms' ids; whatever else may stand there counts as nothing. */
  load() {
    return this.#use((storage) => {
      const kept = JSON.parse(storage.getItem(this.#key) ?? "[]");
      return Array.isArray(kept) ? kept.filter((id) => typeof id === "string") : [];
    }) ?? [];
  }

  /** Keep the rooms' ids. */
  save(ids) {
    this.#use((storage) => storage.setItem(this.#key, JSON.stringify(ids)));
  }

  #use(act) {
    try {
      return act(window.sessionStorage);
    } catch (error) {
      // Switched off, full, or not ours.
      if (error instanceof DOMException || error instanceof SyntaxError) {
        return null;
      }
      throw error;
    }
  }
}
