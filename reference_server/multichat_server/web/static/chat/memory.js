/**
 * What a tab keeps over a reload, a login, or a look at another page: which rooms are open, what
 * was written and not sent, and the last of what was said.
 *
 * Each user of a tab has an own memory, which is gone with the tab, and when they log out. Where a
 * browser has no memory to give, there is none.
 */

const KEY = "multichat:";
// Of what was said in a room; browsers give a few million in all.
const MOST_CHARACTERS = 200_000;

export class Memory {
  #username;
  #rooms;

  constructor(username) {
    this.#username = username;
    this.#rooms = this.#load();
  }

  /** The ids of the rooms that were open, in their order. */
  get open() {
    return [...this.#rooms].filter(([, { isOpen }]) => isOpen === true).map(([id]) => id);
  }

  /**
   * Return what is known of a room: {draft: text, unsent: [{text, fate, code, detail}], history,
   * until: the time of day at which one was last there, in milliseconds}.
   */
  of(id) {
    const { draft, unsent, history, until } = this.#rooms.get(id) ?? {};
    return {
      until: Number.isFinite(until) ? until : Date.now(),
      draft: typeof draft === "string" ? draft : "",
      unsent: Array.isArray(unsent) ? unsent.filter((each) => typeof each?.text === "string") : [],
      history: Array.isArray(history) ? history : [],
    };
  }

  /** Take how an open room stands: {draft, unsent, history, until}. */
  note(id, { history, ...room }) {
    this.#rooms.delete(id);
    this.#rooms.set(id, { ...room, history: lastOf(history), isOpen: true });
  }

  /** A room was left; what was not sent there is kept. */
  close(id, { draft, unsent }) {
    this.#rooms.delete(id);
    if (draft !== "" || unsent.length > 0) {
      this.#rooms.set(id, { draft, unsent });
    }
  }

  /** Keep all of it. */
  save() {
    this.#use((storage) =>
      storage.setItem(KEY + this.#username, JSON.stringify([...this.#rooms])),
    );
  }

  /** The user has another name now. */
  rename(username) {
    this.#use((storage) => storage.removeItem(KEY + this.#username));
    this.#username = username;
    this.save();
  }

  /** Keep nothing any more. */
  forget() {
    this.#use((storage) => storage.removeItem(KEY + this.#username));
    this.save = () => {};
  }

  // Whatever else may stand there counts as nothing.
  #load() {
    const kept = this.#use((storage) => JSON.parse(storage.getItem(KEY + this.#username) ?? "[]"));
    const isPair = (each) =>
      Array.isArray(each) && typeof each[0] === "string" && typeof each[1] === "object";
    return new Map(Array.isArray(kept) ? kept.filter((each) => isPair(each) && each[1]) : []);
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

function lastOf(history) {
  let characters = 0;
  const first = history.findLastIndex(({ message }) => {
    characters += message?.text?.length ?? 0;
    return characters > MOST_CHARACTERS;
  });
  return history.slice(first + 1);
}
