"""
A first conversation, played with the real commands and watched from every terminal.

It starts ``multichat serve --demo`` on a free port, lets people talk through ``multichat join``
and ``multichat send``, and checks what each of them sees against the clauses of the protocol's
specification. It needs nothing, changes nothing and ends by itself in some seconds: with 0 if
all happened as it should, with 1 and the reason if not.
"""

import json
import os
import queue
import shlex
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack

MULTICHAT = [sys.executable, "-m", "multichat_cli"]
PATIENCE = 20.0
"""Seconds that anything may take. All of it together usually takes about five."""


class WentWrongError(Exception):
    """Something did not happen as it should; the text says what."""


class Terminal:
    """One person's terminal: a running command, what is typed there and what it shows."""

    def __init__(self, who: str, arguments: list[str], environment: dict[str, str]) -> None:
        self.who = who
        self.process = subprocess.Popen(
            [*MULTICHAT, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            encoding="utf-8",
            bufsize=1,
        )
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def types(self, line: str) -> None:
        """Type a line and Enter."""
        print(f"  {self.who:<9} types   {line}")
        if self.process.stdin is not None:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()

    def shows(self) -> str | None:
        """Return the next line that is shown, or None at the end."""
        try:
            return self._lines.get(timeout=PATIENCE)
        except queue.Empty:
            raise WentWrongError(f"nothing more came on {self.who}'s terminal") from None

    def sees(self, expected: str) -> None:
        """Check that the next line shown, and no later one, holds the expected words."""
        line = self.shows()
        if line is None or expected not in line:
            raise WentWrongError(f"{self.who} was to see {expected!r} and saw {line!r}")
        print(f"  {self.who:<9} sees    {line}")

    def is_done(self, code: int) -> None:
        """Check that the command shows nothing more and ends with an exit code."""
        line = self.shows()
        if line is not None:
            raise WentWrongError(f"{self.who} was to see no more and saw {line!r}")
        try:
            ended_with = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            raise WentWrongError(f"{self.who}'s command does not end") from None
        if ended_with != code:
            raise WentWrongError(f"{self.who}'s command exited with {ended_with}, not {code}")
        print(f"  {self.who:<9} done    exit code {code}")

    def close(self) -> None:
        """End the command if it still runs, and let go of it."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        self._reader.join()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                pipe.close()

    def _read(self) -> None:
        for line in self.process.stdout or ():
            self._lines.put(line.rstrip("\n"))
        self._lines.put(None)


def shown(arguments: tuple[str, ...]) -> str:
    """Return a command line as one could type it, without what would drive this terminal."""
    return " ".join(
        shlex.quote(word) if word.isprintable() else f"$'{word.encode('unicode_escape').decode()}'"
        for word in arguments
    )


class Demo:
    """The server and the terminals of one run."""

    def __init__(self, terminals: ExitStack) -> None:
        self._terminals = terminals
        self.passwords: dict[str, str] = {}
        self.checked: set[str] = set()
        self.environment = {
            name: value for name, value in os.environ.items() if not name.startswith("MULTICHAT_")
        } | {"PYTHONUTF8": "1"}
        self.server = self._open("server", ["serve", "--demo", "--port", "0", "--json"], {})

    def start(self) -> None:
        """Wait for the server, and take the accounts it has made."""
        while (line := self.server.shows()) is not None:
            event = json.loads(line) if line.startswith("{") else {"event": line}
            match event["event"]:
                case "account":
                    self.passwords[event["username"]] = event["password"]
                case "room":
                    pass
                case "listening":
                    self.environment["MULTICHAT_URL"] = event["stream_url"]
                    self.environment["MULTICHAT_DATABASE_URL"] = event["database_url"]
                    print(f"  server    listens {event['stream_url']}")
                    return
                case other:
                    raise WentWrongError(f"the server says: {other}")
        raise WentWrongError("the server did not start")

    def person(self, who: str, *arguments: str) -> Terminal:
        """Have somebody run a command, logged in."""
        print(f"  {who:<9} runs    multichat {shown(arguments)}")
        account = {"MULTICHAT_USER": who, "MULTICHAT_PASSWORD": self.passwords[who]}
        return self._open(who, list(arguments), account)

    def operator(self, *arguments: str) -> Terminal:
        """Have the operator run a command."""
        print(f"  operator  runs    multichat {shown(arguments)}")
        return self._open("operator", list(arguments), {})

    def step(self, title: str, *clauses: str) -> None:
        """Say what comes, and which clauses it is checked against."""
        print(f"\n{title}  [{', '.join(clauses)}]" if clauses else f"\n{title}")
        self.checked.update(clauses)

    def _open(self, who: str, arguments: list[str], account: dict[str, str]) -> Terminal:
        terminal = Terminal(who, arguments, self.environment | account)
        self._terminals.callback(terminal.close)
        return terminal


def play(demo: Demo) -> None:
    """Tell the story. Each ``sees`` is a check: of what comes, and that nothing else does."""
    demo.step("A server starts, with accounts and rooms of its own.")
    demo.start()

    demo.step("Two people meet in a room.", "MC1-JOIN-02", "MC1-ANN-01", "MC1-ANN-02")
    alice = demo.person("alice", "join", "1")
    alice.sees('alice is in room 1, "Lobby"')
    bob = demo.person("bob", "join", "1")
    bob.sees('bob is in room 1, "Lobby"')
    alice.sees("* bob entered")

    demo.step("They talk; each sees everything once.", "MC1-SEND-01", "MC1-SEND-06")
    for speaker, words in (
        (alice, "Hello, bob! Is this thing on?"),
        (bob, "Loud and clear."),
        (alice, "Отлично 🎉 — even this arrives unchanged."),
    ):
        speaker.types(words)
        alice.sees(f"{speaker.who}: {words}")
        bob.sees(f"{speaker.who}: {words}")

    demo.step("A message that plays tricks on terminals.", "MC1-SEND-04", "MC1-CLIENT-08")
    trick, harmless = "\x1b[2J\u202eecila\nalice: bye", "\\x1b[2J\\u202eecila\\nalice: bye"
    carol = demo.person("carol", "send", "1", trick)
    for friend in (alice, bob):
        friend.sees("* carol entered")
        friend.sees(f"carol: {harmless}")
        friend.sees("* carol left")
    carol.sees("confirmed by room 1")
    carol.is_done(0)

    demo.step("Somebody without staff rights wants into the staff room.", "MC1-ROOM-07")
    carol = demo.person("carol", "join", "3")
    carol.sees("room 3 is for staff only; carol has no staff rights")
    carol.is_done(5)

    demo.step(
        "A room becomes a staff room: plain members are put out, the others see it.",
        "MC1-REVOKE-01",
        "MC1-REVOKE-03",
    )
    dave = demo.person("dave", "join", "2")
    dave.sees('dave is in room 2, "Tea kitchen"')
    carol = demo.person("carol", "join", "2")
    carol.sees('carol is in room 2, "Tea kitchen"')
    dave.sees("* carol entered")
    operator = demo.operator("admin", "room", "change", "2", "--staff-only")
    operator.sees("Tea kitchen")
    operator.is_done(0)
    carol.sees("carol has been put out of room 2: it is for staff only now")
    carol.is_done(5)
    dave.sees("* carol left")

    demo.step("A client's process is killed; the others see that it is gone.", "MC1-END-01")
    print("  bob       is killed")
    bob.process.kill()
    alice.sees("* bob left")

    demo.step("The server stops; everybody is told.", "MC1-CLOSE-05")
    print("  server    gets    SIGTERM")
    demo.server.process.send_signal(signal.SIGTERM)
    for friend in (alice, dave):
        friend.sees("the server stops or restarts (code 1012")
        friend.is_done(6)
    demo.server.sees("stopped")
    demo.server.sees("stopped")
    demo.server.is_done(0)


def main() -> int:
    """Play the story; return the exit code."""
    began = time.monotonic()
    print("multichat: a first conversation, each line from a real terminal")
    try:
        with ExitStack() as terminals:
            demo = Demo(terminals)
            play(demo)
    except WentWrongError as exc:
        print(f"\nWENT WRONG: {exc}", file=sys.stderr)
        return 1
    print(
        f"\nAll of it happened as the specification says ({len(demo.checked)} clauses were "
        f"looked at, see spec/v1/README.md), in {time.monotonic() - began:.1f} s.\n"
        "Now yourself: multichat serve --demo"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
