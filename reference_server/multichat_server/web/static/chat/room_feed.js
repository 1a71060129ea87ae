/**
 * The rooms and the own name, as the server says them as JSON; v1 itself has no list of rooms.
 *
 * A server that gives a `revision` is asked again at once, with `after`, and answers when there is
 * something new: the page is never behind. Any other is asked from time to time. What is no such
 * answer, or does not come, leaves the page as it is.
 *
 * A browser opens six connections to a server and no more. Of several pages that are open side by
 * side, therefore, only one waits, and tells the others when to ask; where the browser has no locks
 * (they take HTTPS), each waits for itself.
 */

import { isRoom } from "./protocol.js";

// A list that is longer would help nobody on a page.
const MOST_ROOMS = 2000;
const ANSWER_SECONDS = 10;
// A server that waits does so for 25 s.
const NEWS_SECONDS = 40;
// What comes sooner, and says nothing new, comes from a server that does not wait.
const HELD_SECONDS = 5;
// Between two questions: after news, and where nobody waits.
const SHORT_SECONDS = 0.2;
const LONG_SECONDS = 60;

const LOGGED_OUT = Object.freeze({ isLoggedOut: true });

export class RoomFeed {
  #url;
  #fetch;
  #timers;
  #now;
  #locks;
  #channel;
  #onNews;
  #onLoggedOut;
  #revision = null;
  #controller = null;

  /**
   * Args:
   *   url: Answers {"rooms": [{"id": "1", "title": "…", "staff_only": false}], "user_id": "1",
   *     "username": "…", "revision": "…"}; all but the rooms may be missing.
   *   fetch: The browser's function, or one like it.
   *   timers: {after(seconds, call) -> handle, cancel(handle)}.
   *   now: Returns seconds that grow.
   *   locks: The browser's LockManager; undefined if it has none.
   *   channel: Reaches the other pages: {postMessage(text), onmessage}.
   *   onNews: Called with {rooms: [{id, title, isForStaff}], userId, username}, the last two null
   *     if they are not said.
   *   onLoggedOut: Called when the server says that nobody is logged in.
   */
  constructor({ url, fetch, timers, now, locks, channel, onNews, onLoggedOut }) {
    this.#url = url;
    this.#fetch = (...given) => fetch(...given);
    this.#timers = timers;
    this.#now = now;
    this.#locks = locks;
    this.#channel = channel;
    this.#onNews = onNews;
    this.#onLoggedOut = onLoggedOut;
    channel.onmessage = () => this.#controller !== null && this.read();
  }

  /** Keep up with what the last answer said until `stop`; the promise ends with that. */
  async start() {
    this.stop();
    const controller = new AbortController();
    this.#controller = controller;
    const { signal } = controller;
    if (this.#revision === null || this.#locks === undefined) {
      await this.#follow(signal);
      return;
    }
    try {
      await this.#locks.request(`multichat ${this.#url}`, { signal }, () => this.#follow(signal));
    } catch (error) {
      if (!signal.aborted) {
        throw error;
      }
    }
  }

  /** Ask no more until the next `start`. */
  stop() {
    this.#controller?.abort();
    this.#controller = null;
  }

  /** Ask once. */
  async read(signal = this.#controller?.signal) {
    this.#take(await this.#ask(null, signal));
  }

  async #follow(signal) {
    if (this.#revision === null) {
      await this.#pause(LONG_SECONDS, signal);
    }
    while (!signal.aborted) {
      const began = this.#now();
      const before = this.#revision;
      const isNew = this.#take(await this.#ask(before, signal)) && this.#revision !== before;
      if (signal.aborted) {
        return;
      }
      const isHeld = this.#now() - began >= HELD_SECONDS;
      if (isNew) {
        this.#channel.postMessage("news");
      }
      const isSoon = this.#revision !== null && (isNew || isHeld);
      await this.#pause(isSoon ? SHORT_SECONDS : LONG_SECONDS, signal);
    }
  }

  // Returns whether it was an answer.
  #take(answer) {
    if (answer === null) {
      return false;
    }
    if (answer.isLoggedOut) {
      this.stop();
      this.#onLoggedOut();
      return false;
    }
    const { revision, ...news } = answer;
    this.#revision = revision;
    this.#onNews(news);
    return true;
  }

  async #ask(after, signal) {
    const controller = new AbortController();
    const give = () => controller.abort();
    signal?.addEventListener("abort", give);
    const seconds = after === null ? ANSWER_SECONDS : NEWS_SECONDS;
    const timer = this.#timers.after(seconds, give);
    try {
      const query = after === null ? "" : `?after=${encodeURIComponent(after)}`;
      const response = await this.#fetch(this.#url + query, {
        headers: { accept: "application/json" },
        signal: controller.signal,
      });
      if (response.status === 401) {
        return signal?.aborted ? null : LOGGED_OUT;
      }
      const answer = response.ok ? read(await response.json()) : null;
      return signal?.aborted ? null : answer;
    } catch (error) {
      // No answer, or none that is JSON; the next one may be better.
      if (![TypeError, SyntaxError, DOMException].some((expected) => error instanceof expected)) {
        throw error;
      }
      return null;
    } finally {
      this.#timers.cancel(timer);
      signal?.removeEventListener("abort", give);
    }
  }

  #pause(seconds, signal) {
    return new Promise((resolve) => {
      const timer = this.#timers.after(seconds, resolve);
      signal.addEventListener("abort", () => {
        this.#timers.cancel(timer);
        resolve();
      });
    });
  }
}

function read(answer) {
  const { rooms, user_id: userId, username, revision } = answer ?? {};
  if (!Array.isArray(rooms) || rooms.length > MOST_ROOMS || !rooms.every(isListed)) {
    return null;
  }
  return {
    rooms: rooms.map(({ id, title, staff_only: isForStaff }) => ({
      id,
      title,
      isForStaff: isForStaff === true,
    })),
    userId: textOrNull(userId),
    username: textOrNull(username),
    revision: textOrNull(revision),
  };
}

function textOrNull(value) {
  return typeof value === "string" && value !== "" ? value : null;
}

function isListed(room) {
  return isRoom(room?.id) && typeof room.title === "string";
}
