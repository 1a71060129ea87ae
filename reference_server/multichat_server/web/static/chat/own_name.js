/**
 * The user's own name, which staff can change while the user is connected (MC1-MSG-03).
 *
 * v1 does not say that it has changed. It shows when one's own message comes back under a name
 * that is not known for one's own; but somebody else may have said the same meanwhile, and their
 * messages must never pass for one's own. So a name is believed only if no other is possible.
 */

export class OwnName {
  #name;
  #suspects = null;

  /** `name`: "" if it is not known. */
  constructor(name) {
    this.#name = name;
  }

  get name() {
    return this.#name;
  }

  /** Take it from somebody who knows. */
  learn(name) {
    this.#name = name;
    this.#suspects = null;
  }

  /** Take it that it is one of these; return whether it is known now. */
  guess(names) {
    const left = names.filter((name) => this.#suspects?.has(name) ?? true);
    if (left.length === 1) {
      this.learn(left[0]);
      return true;
    }
    // None is left: it has changed once more.
    this.#suspects = new Set(left.length === 0 ? names : left);
    return false;
  }
}
