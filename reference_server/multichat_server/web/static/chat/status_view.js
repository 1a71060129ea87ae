/** How the connection stands: quiet while all is well, with something to do when it is not. */

import { button, element, setText, theirs } from "./elements.js";
import { connectionState } from "./wording.js";

const SECOND = 1000;
/** So many failures in a row without any connection may mean that the server refuses the
 *  handshake (MC1-AUTH-02), which a page cannot see; unless it can ask who is logged in. */
export const MANY_FAILURES = 3;

export class StatusView {
  #text = element("span", { class: "line-text", role: "status" });
  #reason = theirs("", "span", { class: "reason" });
  #countdown = element("span", { class: "countdown", "aria-hidden": "true" });
  #buttons = element("span", { class: "row" });
  #errors = element("div", { class: "line-errors", role: "alert" });
  #root;
  #loginUrl;
  #guessesLogin;
  #act;
  #ticker = null;
  #unreadable = 0;
  #hasLogin = false;

  /**
   * Args:
   *   root: The page's element for it.
   *   loginUrl: Where to log in and come back; null if nowhere.
   *   guessesLogin: Whether a login is offered when it may be what is missing.
   *   act: What the person can ask for: {reconnect()}.
   */
  constructor({ root, loginUrl, guessesLogin, act }) {
    this.#root = root;
    this.#loginUrl = loginUrl;
    this.#guessesLogin = guessesLogin;
    this.#act = act;
    root.append(
      element(
        "div",
        { class: "line-row" },
        element("span", { class: "dot", "aria-hidden": "true" }),
        this.#text,
        this.#countdown,
        this.#reason,
        this.#buttons,
      ),
      this.#errors,
    );
  }

  /** Take how the connection stands. */
  update(state) {
    clearInterval(this.#ticker);
    this.#root.dataset.state = state.name;
    setText(this.#text, connectionState(state, navigator.onLine));
    setText(this.#countdown, "");
    setText(this.#reason, state.reason ?? "");
    this.#buttons.replaceChildren(...this.#buttonsFor(state));
    if (state.name === "waiting" && navigator.onLine) {
      this.#count(Date.now() + state.seconds * SECOND);
    }
    if (state.name === "open") {
      this.#hasLogin = false;
      this.#errors.replaceChildren();
    }
  }

  /** Say that nobody is logged in any more, and where to log in. */
  askForLogin() {
    if (!this.#hasLogin) {
      this.#hasLogin = true;
      this.#errors.append(
        element("p", {}, "You are not logged in any more. ", ...this.#login()),
      );
    }
  }

  /** Say that somebody else is logged in by now, whose page this is not. */
  showStranger(username) {
    this.#hasLogin = true;
    this.#errors.replaceChildren(
      element(
        "p",
        {},
        element(
          "span",
          {},
          "You are logged in as ",
          theirs(username),
          " now. This page belongs to somebody else, and has stopped.",
        ),
        " ",
        button("Open your own page", () => location.reload(), { class: "button primary" }),
      ),
    );
  }

  /** Show an error that belongs to nothing on this page; the last one is enough. */
  showError(text) {
    this.#errors.replaceChildren(
      element(
        "p",
        {},
        theirs(text, "span"),
        " ",
        button("Dismiss", (event) => event.target.parentElement.remove(), { class: "button quiet" }),
      ),
    );
  }

  /** Note that the server sent something that is no frame of v1. */
  showUnreadable() {
    this.#unreadable += 1;
    const what = this.#unreadable === 1 ? "Something" : `${this.#unreadable} things`;
    this.#root.title = `${what} the server sent could not be read and had no effect.`;
    this.#root.dataset.unreadable = this.#unreadable;
  }

  #buttonsFor(state) {
    if (state.name === "waiting") {
      const mayBeLogin =
        this.#guessesLogin && state.failures >= MANY_FAILURES && state.code === 1006;
      return [
        button("Try now", () => this.#act.reconnect(), { class: "button quiet" }),
        ...(mayBeLogin ? this.#login() : []),
      ];
    }
    if (state.name === "closed") {
      return [
        ...(state.verdict === "after-login" ? this.#login() : []),
        button("Connect again", () => this.#act.reconnect()),
      ];
    }
    return [];
  }

  #login() {
    if (this.#loginUrl === null) {
      return [];
    }
    return [element("a", { class: "button primary", href: this.#loginUrl }, "Log in")];
  }

  #count(until) {
    const show = () => {
      const left = Math.ceil((until - Date.now()) / SECOND);
      setText(this.#countdown, left > 0 ? `Trying again in ${left} s.` : "");
    };
    show();
    this.#ticker = setInterval(show, SECOND);
  }
}
