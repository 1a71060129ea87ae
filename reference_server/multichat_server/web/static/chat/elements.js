/**
 * Elements made of names, attributes and children; a child that is a string is text and stays so.
 *
 * Nothing in this page is made from markup. What others wrote (titles, names, messages, details,
 * close reasons) comes in through `theirs`, which also keeps its direction to itself
 * (MC1-CLIENT-08).
 */

/** Return a new element; attributes that are null or false are left out, true has no value. */
export function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== null && value !== false) {
      made.setAttribute(name, value === true ? "" : String(value));
    }
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

/** Return what somebody else wrote, as text whose direction does not reach beyond it. */
export function theirs(text, tag = "bdi", attributes = {}) {
  const { class: more = "", ...rest } = attributes;
  return element(tag, { dir: "auto", class: `wrap ${more}`.trim(), ...rest }, text);
}

/** Return a button that calls `act`. */
export function button(label, act, attributes = {}) {
  const made = element("button", { type: "button", class: "button", ...attributes }, label);
  made.addEventListener("click", act);
  return made;
}

/** Return text for screen readers only. */
export function spoken(text) {
  return element("span", { class: "visually-hidden" }, text);
}

/** Give an element a text if it has another one, so that nothing is announced twice. */
export function setText(node, text) {
  if (node.textContent !== text) {
    node.textContent = text;
  }
}
