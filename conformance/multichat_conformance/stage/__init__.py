"""
The stage: what a story is given, and what is cleared away behind it.

**Fences.** That something must *not* come cannot be waited for. So :meth:`Stage.silence` has a
later message follow it: the one who could have caused it speaks in a room that all watchers are
in, and when that message has arrived, everything that was sent before it has arrived, too. This
rests on order, so a target must first have shown that it keeps order (the run begins by looking);
where it does not, a quiet window of some measured round trips follows the fence, and the report
says so.

**Clearing away.** When a story ends, however it ends, its actors leave their rooms in closed
loop before they go, so that the next story hears no farewells; and what hooks have changed is
changed back, in the reverse order.
"""

from multichat_conformance.stage.backstage import Undo
from multichat_conformance.stage.stage import Stage

__all__ = ["Stage", "Undo"]
