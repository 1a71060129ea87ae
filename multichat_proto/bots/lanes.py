"""
A lane a room: its events one after another, the rooms side by side.

The dispatcher puts each event into the lane of its room, and never waits. A lane with events is
ready; each worker takes a ready lane, handles one event of it and puts it back at the end of
the line, so that no room starves another, and none is in two hands at a time. Workers are
started as lanes become ready and end when none is: nothing runs while nothing happens, and a
room that nothing is to be done for costs nothing.
"""

from collections import deque
from collections.abc import Awaitable, Callable
from typing import Final, get_args

from multichat_proto.bots.backlog import Backlog
from multichat_proto.bots.filters import room_of
from multichat_proto.bots.runtime import Event, Runtime, Tasks
from multichat_proto.events import ChatEvent, Gap, RoomEvent
from multichat_proto.exceptions import MultichatError
from multichat_proto.messages import Room

__all__ = ["Lane", "Lanes", "Listener"]

_TURNS: Final = 64
"""Events that a worker handles before it lets others have a turn, should no handler do so."""

_ROOM_EVENTS: Final = frozenset(get_args(RoomEvent))


class Listener:
    """The events of a lane from some time on, for one handler that waits for some of them."""

    __slots__ = ("_backlog", "_end", "_runtime", "_wakeup")

    def __init__(self, backlog: Backlog, runtime: Runtime, end: MultichatError | None) -> None:
        self._backlog = backlog
        self._runtime = runtime
        self._end = end
        self._wakeup: Event | None = None

    def put(self, event: ChatEvent) -> None:
        """Add an event."""
        self._backlog.put(event)
        self._wake()

    def end(self, error: MultichatError) -> None:
        """Let the waiting end with this error, after the events that are here."""
        self._end = error
        self._wake()

    async def next(self) -> RoomEvent:
        """
        Return the next event of the room; cancelling loses none.

        Raises:
            MultichatError: There will be none.

        """
        while True:
            while (event := self._backlog.take()) is not None:
                if type(event) in _ROOM_EVENTS:
                    return event  # type: ignore[return-value]  # as just found
            if self._end is not None:
                raise self._end.with_traceback(None)
            self._wakeup = self._runtime.event()
            await self._wakeup.wait()

    def _wake(self) -> None:
        if self._wakeup is not None:
            self._wakeup.set()


class Lane:
    """
    The events of one room, or of none.

    Attributes:
        room: The room; ``None`` for what is of no room.
        backlog: What nobody has handled yet.
        is_ready: Whether it stands in line, or is in a worker's hands.
        users: Handlers that work on an event of it.

    """

    __slots__ = ("_lanes", "_listeners", "backlog", "is_ready", "room", "users")

    def __init__(self, room: Room | None, lanes: "Lanes", most: int) -> None:
        self.room = room
        self.backlog = Backlog(room, most)
        self.is_ready = False
        self.users = 0
        self._lanes = lanes
        self._listeners: list[Listener] = []

    def put(self, event: ChatEvent) -> None:
        """Add an event."""
        for listener in self._listeners:
            listener.put(event)
        self.backlog.put(event)

    def listen(self) -> Listener:
        """Return what is here and what comes, for one handler."""
        listener = Listener(self.backlog.copy(), self._lanes.runtime, self._lanes.ending)
        self._listeners.append(listener)
        return listener

    def unlisten(self, listener: Listener) -> None:
        """Forget a listener."""
        self._listeners.remove(listener)

    def enter(self) -> None:
        """Count a handler."""
        self.users += 1

    def leave(self) -> None:
        """Count it no more."""
        self.users -= 1
        self._lanes.retire(self)

    def end(self, error: MultichatError) -> None:
        """Drop what is here; who waits, waits in vain."""
        self.backlog.clear()
        for listener in self._listeners:
            listener.end(error)


class Lanes:
    """
    All lanes of a bot that runs.

    Args:
        handle: Handles an event; what it raises ends the bot.
        runtime: The seam.
        tasks: Where the workers run.
        handled: The classes of events that some handler is for.
        max_workers: Lanes that are worked on at a time.
        max_queue: Events that a lane keeps.
        max_lanes: Lanes that may wait; more than rooms that one can be in.

    Attributes:
        runtime: As given.
        ending: Why nothing comes any more; ``None`` while something does.

    """

    def __init__(
        self,
        handle: Callable[[Lane, ChatEvent], Awaitable[None]],
        *,
        runtime: Runtime,
        tasks: Tasks,
        handled: frozenset[type],
        max_workers: int,
        max_queue: int,
        max_lanes: int,
    ) -> None:
        self.runtime = runtime
        self.ending: MultichatError | None = None
        self._handle = handle
        self._tasks = tasks
        self._handled = handled
        self._max_workers = max_workers
        self._max_queue = max_queue
        self._max_lanes = max_lanes
        self._lanes: dict[Room | None, Lane] = {None: Lane(None, self, max_queue)}
        self._ready: deque[Lane] = deque()
        self._workers = 0
        self._idle: Event | None = None

    def __len__(self) -> int:
        return len(self._lanes) - 1

    def put(self, event: ChatEvent) -> None:
        """Add an event to its lane, and see that somebody works on it; never waits."""
        if self.ending is not None:
            return
        room = room_of(event)
        lane = self._lanes.get(room)
        if type(event) not in self._handled and (lane is None or not lane.users):
            return  # nobody handles it, and nobody can be waiting for it
        if lane is None:
            if len(self._lanes) > self._max_lanes:
                # Rooms come and go faster than anybody works on them.
                lane = self._lanes[None]
                lane.backlog.miss(event.dropped if isinstance(event, Gap) else 1)
                self._line_up(lane)
                return
            lane = self._lanes[room] = Lane(room, self, self._max_queue)
        lane.put(event)
        self._line_up(lane)

    def end(self, error: MultichatError) -> None:
        """Take no more events, and drop those that nobody works on yet."""
        self.ending = error
        for lane in self._lanes.values():
            lane.end(error)

    async def idle(self) -> None:
        """Wait until no worker works."""
        while self._workers:
            self._idle = self.runtime.event()
            await self._idle.wait()

    def retire(self, lane: Lane) -> None:
        """Forget a lane that nothing is to be done for."""
        if lane.room is not None and not lane.is_ready and not lane.users:
            self._lanes.pop(lane.room, None)

    def _line_up(self, lane: Lane) -> None:
        if lane.is_ready:
            return
        lane.is_ready = True
        self._ready.append(lane)
        if self._workers < self._max_workers:
            self._workers += 1
            self._tasks.start(self._work)

    async def _work(self) -> None:
        turns = 0
        try:
            while self._ready:
                lane = self._ready.popleft()
                # There is none only if all was dropped because of the end.
                if (event := lane.backlog.take()) is not None:
                    lane.enter()
                    try:
                        await self._handle(lane, event)
                    finally:
                        lane.users -= 1
                if lane.backlog:
                    self._ready.append(lane)
                else:
                    lane.is_ready = False
                    self.retire(lane)
                turns += 1
                if turns % _TURNS == 0:
                    await self.runtime.sleep(0)
        finally:
            self._workers -= 1
            if not self._workers and self._idle is not None:
                self._idle.set()
