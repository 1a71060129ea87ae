"""
Build the text of a frame from its parts.

A frame is filed as its text. One too long to read is filed as ``{"parts": [...]}``: the
text is the parts put one after the other, each of them

- a string, which stands for itself;
- ``{"repeat": "m", "times": 65536}``: a string, so many times;
- ``{"count": "k{}", "times": 3, "between": ","}``: the string with ``{}`` replaced
  by 0, 1, 2, with ``between`` between two of them.
"""

from multichat_spec.model import Frame

__all__ = ["expand"]


def expand(frame: Frame) -> str:
    """Return the text of a frame, building it first if it is filed in parts."""
    if isinstance(frame, str):
        return frame
    return "".join(_part(part) for part in frame["parts"])


def _part(part: Frame) -> str:
    if isinstance(part, str):
        return part
    times: int = part["times"]
    if "repeat" in part:
        repeated: str = part["repeat"]
        return repeated * times
    pattern: str = part["count"]
    between: str = part["between"]
    return between.join(pattern.replace("{}", str(number)) for number in range(times))
