/**
 * The list of rooms, read again where the server offers it as JSON; v1 itself has no such list.
 *
 * What is no such list, or does not come, leaves the page as it is.
 */

import { isRoom } from "./protocol.js";

// A list that is longer would help nobody on a page.
const MOST_ROOMS = 2000;
const ANSWER_MILLISECONDS = 10_000;

export class RoomFeed {
  #url;
  #fetch;
  #onRooms;
  #isReading = false;

  /**
   * Args:
   *   url: Answers {"rooms": [{"id": "1", "title": "…", "staff_only": false}]}.
   *   fetch: The browser's function, or one like it.
   *   onRooms: Called with [{id, title, isForStaff}].
   */
  constructor({ url, fetch, onRooms }) {
    this.#url = url;
    this.#fetch = (...given) => fetch(...given);
    this.#onRooms = onRooms;
  }

  /** Read the list, unless that is under way. */
  async read() {
    if (this.#isReading) {
      return;
    }
    this.#isReading = true;
    try {
      const response = await this.#fetch(this.#url, {
        headers: { accept: "application/json" },
        signal: AbortSignal.timeout(ANSWER_MILLISECONDS),
      });
      const rooms = response.ok ? read(await response.json()) : null;
      if (rooms !== null) {
        this.#onRooms(rooms);
      }
    } catch (error) {
      // No answer, or none that is JSON; the next one may be better.
      if (![TypeError, SyntaxError, DOMException].some((expected) => error instanceof expected)) {
        throw error;
      }
    } finally {
      this.#isReading = false;
    }
  }
}

function read(answer) {
  const rooms = answer?.rooms;
  if (!Array.isArray(rooms) || rooms.length > MOST_ROOMS || !rooms.every(isListed)) {
    return null;
  }
  return rooms.map(({ id, title, staff_only: isForStaff }) => ({
    id,
    title,
    isForStaff: isForStaff === true,
  }));
}

function isListed(room) {
  return isRoom(room?.id) && typeof room.title === "string";
}
