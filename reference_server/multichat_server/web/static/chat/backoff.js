/**
 * How long to wait before connecting again: random, growing, never longer than the cap.
 *
 * Full jitter: each wait is drawn from the whole span between nothing and the longest, so that
 * the pages which one restart has cut off do not all come back at the same instant
 * (MC1-CLIENT-10).
 */

const FIRST_SECONDS = 1;
const CAP_SECONDS = 30;
// What "backoff-long" asks for (close_codes.json).
const LONG_FIRST_SECONDS = 5;

export class Backoff {
  #random;
  #failures = 0;

  /** `random` returns a number from 0 up to, but not including, 1. */
  constructor(random) {
    this.#random = random;
  }

  /** How many waits there were since the last reset. */
  get failures() {
    return this.#failures;
  }

  /** Return the seconds to wait; with `long`, because the server asked for patience, at least 5. */
  next({ long = false } = {}) {
    const longest = Math.min(CAP_SECONDS, FIRST_SECONDS * 2 ** this.#failures);
    this.#failures += 1;
    const wait = this.#random() * longest;
    return Math.min(CAP_SECONDS, long ? LONG_FIRST_SECONDS + wait : wait);
  }

  /** Begin with the first wait again. */
  reset() {
    this.#failures = 0;
  }
}
