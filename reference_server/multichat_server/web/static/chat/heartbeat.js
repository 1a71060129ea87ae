/**
 * When to ask a silent server for a sign of life.
 *
 * A script cannot send pings, and a browser tells it nothing of those that it answers; a line
 * that died without a trace stays "open" for many minutes.
 */

// Servers give a silent client up after a minute or so; half of that finds a dead line in time.
const SILENCE_SECONDS = 30;

export class Heartbeat {
  #timers;
  #ask;
  #timer = null;

  /** `ask` sends something that is answered; who is not answered does the rest. */
  constructor({ timers, ask }) {
    this.#timers = timers;
    this.#ask = ask;
  }

  /** A sign of life has come: ask again only after a new silence. */
  heard() {
    this.stop();
    this.#timer = this.#timers.after(SILENCE_SECONDS, () => {
      this.#timer = null;
      this.#ask();
    });
  }

  /** Ask no more until the next sign of life. */
  stop() {
    if (this.#timer !== null) {
      this.#timers.cancel(this.#timer);
      this.#timer = null;
    }
  }
}
