/**
 * The chat page: wires what the server says to what the page shows, and the person's wishes back.
 *
 * It speaks v1 and needs nothing else of its server, so it works beside any conforming one.
 * `<div id="chat">` may say: data-stream, the path or address of the stream; data-username, who is
 * logged in (otherwise learnt from the first message); data-login, where one logs in;
 * data-message-types, the names of further message types as a JSON object; data-rooms, where the
 * list of rooms can be read again, and who is logged in; data-user-id, whose page it is.
 */

import { Backoff } from "./backoff.js";
import { Connection } from "./connection.js";
import { Memory } from "./memory.js";
import { Notifications } from "./notifications.js";
import { RoomFeed } from "./room_feed.js";
import { RoomList } from "./room_list.js";
import { RoomView } from "./room_view.js";
import { NOT_LOGGED_IN, Session } from "./session.js";
import { MANY_FAILURES, StatusView } from "./status_view.js";
import { refusal } from "./wording.js";

const root = document.getElementById("chat");
const chats = document.getElementById("chats");
const { stream = "/chat/stream/", username = "", userId = null, login = "" } = root.dataset;
const furtherTypes = readTypes(root.dataset.messageTypes);

const timers = {
  after: (seconds, call) => setTimeout(call, seconds * 1000),
  cancel: (handle) => clearTimeout(handle),
};
// As in chat.css.
const narrow = window.matchMedia("(width < 48rem)");
const views = new Map();
const memory = new Memory(username);
const notifications = new Notifications(root);
// The room that a person has just asked for, and whose form gets the cursor when it opens.
let asked = null;

const connection = new Connection(streamUrl(), {
  WebSocket,
  timers,
  backoff: new Backoff(Math.random),
  admit: (use) => (feed === null ? use() : feed.read().then(use)),
  report: (report) => {
    if (report.kind === "state") {
      status.update(report.state);
      followNews();
    }
    session.receive(report);
  },
});
const session = new Session({
  connection,
  username,
  timers,
  now: () => new Date(),
  report: (report) => REPORTS[report.kind](report),
});
const list = new RoomList({
  list: root.querySelector("ul.rooms"),
  empty: root.querySelector(".empty-state"),
  act: { choose, leave: (id) => session.leave(id), isOpen: (id) => views.has(id) },
});
const status = new StatusView({
  root: document.getElementById("line"),
  loginUrl: login === "" ? null : `${login}?next=${encodeURIComponent(location.pathname)}`,
  guessesLogin: !root.dataset.rooms,
  act: { reconnect: () => connection.reconnectNow() },
});

const feed = root.dataset.rooms
  ? new RoomFeed({
      url: root.dataset.rooms,
      fetch,
      timers,
      now: () => performance.now() / 1000,
      locks: navigator.locks,
      channel: new BroadcastChannel(`multichat ${root.dataset.rooms}`),
      onNews: takeNews,
      onLoggedOut: () => {
        connection.close();
        status.askForLogin();
      },
    })
  : null;

const REPORTS = {
  room: ({ room }) => showRoom(room),
  message: ({ room, ...message }) => views.get(room)?.addMessage(message),
  gap: ({ room, ...gap }) => views.get(room)?.addGap(gap),
  said: ({ room, ...said }) => views.get(room)?.said(said),
  own: ({ room, number }) => views.get(room)?.markOwn(number),
  doubt: () => feed?.read(),
  error: (error) => status.showError(inItsRoom(error)),
  malformed: () => status.showUnreadable(),
};

// While nobody looks, a browser's connections are better used otherwise.
function followNews() {
  const { name, failures } = connection.state;
  if (name === "open" && document.visibilityState === "visible") {
    feed?.start();
  } else {
    feed?.stop();
  }
  // A page cannot see why a handshake fails: it may be for want of a login (MC1-AUTH-02).
  if (name === "waiting" && failures >= MANY_FAILURES && navigator.onLine) {
    feed?.read();
  }
}

function takeNews({ rooms, userId: who, username: name }) {
  if (who !== null && userId !== null && who !== userId) {
    connection.close();
    status.showStranger(name ?? "somebody else");
    return;
  }
  if (name !== null && name !== session.username) {
    session.rename(name);
    memory.rename(name);
  }
  list.setRooms(rooms);
  for (const { id, title } of rooms) {
    session.retitle(id, title);
    views.get(id)?.setForStaff(list.isForStaff(id));
  }
}

function inItsRoom(error) {
  const title = error.room === null ? null : list.titleOf(error.room);
  return title === null ? refusal(error) : `${title}: ${refusal(error)}`;
}

function showRoom(room) {
  const title = room.title ?? list.titleOf(room.id);
  const known = { ...room, title };
  list.update(known);
  if (room.refusal?.code === NOT_LOGGED_IN) {
    status.askForLogin();
  }
  const view = views.get(room.id);
  if (view !== undefined) {
    if (room.status === "outside" && room.refusal === null && !room.putOut) {
      closeView(room.id);
    } else {
      view.update(known);
    }
  } else if (room.status === "inside") {
    openView(known);
  } else if (room.refusal !== null) {
    memory.close(room.id, memory.of(room.id));
  }
  list.prune();
}

function openView(room) {
  const { id } = room;
  const view = new RoomView({
    room,
    kept: memory.of(id),
    furtherTypes,
    act: {
      say: (text) => session.say(id, text) !== null,
      leave: () => session.leave(id),
      join: () => session.join(id),
      close: () => session.leave(id),
      back: () => showRooms(),
      unread: (count) => showUnread(id, count),
    },
  });
  views.set(id, view);
  view.element.addEventListener("focusin", () => setCurrent(id));
  view.setForStaff(list.isForStaff(id));
  chats.append(view.element);
  if (asked === id) {
    asked = null;
    show(id);
  }
}

function closeView(id) {
  const { element: closed, kept } = views.get(id);
  memory.close(id, kept);
  const hadFocus = closed.contains(document.activeElement);
  views.delete(id);
  closed.remove();
  showUnread(id, 0);
  list.prune();
  if (closed.classList.contains("current")) {
    setCurrent(null);
    showRooms();
  }
  if (hadFocus) {
    list.focus(id);
  }
}

function choose(id) {
  if (views.has(id)) {
    show(id);
    return;
  }
  asked = id;
  session.join(id);
}

// On a narrow screen there is one thing at a time, the list or a room; the browser's way back
// leads from the room to the list.
function show(id) {
  setCurrent(id);
  if (narrow.matches) {
    const isThere = history.state?.show === "room";
    history[isThere ? "replaceState" : "pushState"]({ show: "room", room: id }, "");
  }
  root.dataset.show = "room";
  views.get(id).focus();
  views.get(id).look();
}

function showRooms() {
  if (history.state?.show === "room") {
    history.back();
  } else {
    root.dataset.show = "rooms";
  }
}

function setCurrent(id) {
  for (const [each, view] of views) {
    view.element.classList.toggle("current", each === id);
  }
  list.setCurrent(id);
}

function showUnread(id, count) {
  list.setUnread(id, count);
  const view = views.get(id);
  const isHeard = view !== undefined && view.element.offsetParent !== null;
  notifications.setUnread(id, list.titleOf(id) ?? id, count, isHeard);
}

function step(steps, isWanted) {
  const ids = [...views.keys()];
  const at = ids.findIndex((id) => views.get(id).element.classList.contains("current"));
  const start = at === -1 && steps < 0 ? 0 : at;
  for (let i = 1; i <= ids.length; i += 1) {
    const id = ids[(start + steps * i + ids.length * i) % ids.length];
    if (isWanted(views.get(id))) {
      show(id);
      return;
    }
  }
}

function streamUrl() {
  const url = new URL(stream, location.href);
  url.protocol = url.protocol.replace("http", "ws");
  return url.href;
}

function readTypes(text) {
  try {
    const types = JSON.parse(text ?? "{}");
    return typeof types === "object" && types !== null ? types : {};
  } catch (error) {
    if (error instanceof SyntaxError) {
      return {};
    }
    throw error;
  }
}

document.addEventListener("keydown", (event) => {
  const steps = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (steps !== undefined && event.altKey && !event.ctrlKey && !event.metaKey && views.size > 0) {
    event.preventDefault();
    step(steps, event.shiftKey ? (view) => view.unread > 0 : () => true);
  }
});

window.addEventListener("popstate", () => {
  const id = history.state?.room;
  if (history.state?.show === "room" && views.has(id)) {
    show(id);
  } else {
    root.dataset.show = "rooms";
    const current = [...views].find(([, view]) => view.element.classList.contains("current"));
    setCurrent(null);
    list.focus(current?.[0]);
  }
});

document.addEventListener("visibilitychange", () => {
  if (document.visibilityState === "visible") {
    comeBack();
    feed?.read();
    views.forEach((view) => view.look());
  } else {
    keep();
  }
  followNews();
});
window.addEventListener("online", comeBack);
window.addEventListener("offline", () => connection.restart());
// A page that is kept for the way back has no connection; a closed one need not be asked after.
window.addEventListener("pagehide", () => {
  connection.close();
  keep();
});
window.addEventListener("pageshow", (event) => {
  if (event.persisted) {
    connection.open();
  }
});

for (const link of document.querySelectorAll('a[href="/accounts/logout/"]')) {
  link.addEventListener("click", () => memory.forget());
}

// What is not known to be delivered is kept, too.
function keep() {
  for (const [id, view] of views) {
    memory.note(id, view.kept);
  }
  memory.save();
}

function comeBack() {
  if (connection.state.name === "waiting") {
    connection.reconnectNow();
  } else {
    session.check();
  }
}

root.dataset.show = "rooms";
const remembered = memory.open.filter((id) => list.titleOf(id) !== null);
if (remembered.includes(history.state?.room)) {
  // Reloaded with the room in sight.
  asked = history.state.room;
} else {
  history.replaceState(null, "");
}
remembered.forEach((id) => session.join(id));
connection.open();
