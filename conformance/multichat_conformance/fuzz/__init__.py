"""
Frames made from the schemas of the specification, valid ones and ones that are almost valid.

:mod:`~multichat_conformance.fuzz.frames` makes them with hypothesis,
:mod:`~multichat_conformance.fuzz.reading` says what the clauses make of a text, and the same
model that judges model-based runs judges what came back: the text is a step of a story. The
verdict is taken from the text itself, each time it is sent, and never from how it was made;
so when a failure has been shrunk, it is the shrunk text that was judged.
"""
