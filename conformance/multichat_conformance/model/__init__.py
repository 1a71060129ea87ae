"""
Model-based runs: programs made up by hypothesis, told to a target, judged by a model of rooms.

**Programs are data.** hypothesis offers state machines whose rules act as they are drawn; here it
draws a *story*, a plain list of steps, and an interpreter tells it afterwards. That shrinks better
(any part of the list is a story too, see :mod:`~multichat_conformance.model.shrinking`), it can be
read and written as JSON, and a saved failure is told again by the very code that found
it, without hypothesis. What a step means when something is missing is defined, so every list of
steps is a story: who is not connected is connected first, who has no reason to wait does not.

**The model is pure.** Telling a story fills
:class:`~multichat_conformance.model.records.Records`: what each connection sent and received, each
with its *moment*, a number that the whole story shares.
:mod:`~multichat_conformance.model.following` walks a connection's commands and says what each must
be answered with, :mod:`~multichat_conformance.model.judging` says from all of them what each
connection must have seen, may have seen and must not have seen. Neither does any I/O, so both are
tested against simulated servers, right and wrong ones.

**Time is what the suite knows of it.** A command is carried out somewhere between the moment it is
sent and the moment its first effect is seen. One who was certainly a member all that while must see
the effect; one who may have been a member for a part of it may; all others must not. So stories may
pipeline as they like, and the judge never guesses.
"""
