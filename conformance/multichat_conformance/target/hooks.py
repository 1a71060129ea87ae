"""Hooks: what the suite may do to a target, pulled by an HTTP call or a command."""

import json
import subprocess
from collections.abc import Mapping

import trio

from multichat_conformance.findings import HarnessError, NotTested
from multichat_conformance.secrets import Redactor
from multichat_conformance.target.file import filled_in
from multichat_conformance.target.model import HOOKS, Target
from multichat_conformance.target.web import WebError, request
from multichat_conformance.transcript import shorten

__all__ = ["pull"]

LONGEST = 30.0
"""Seconds that a hook may take."""

_SECRET_ARGUMENTS = frozenset({"password", "session"})


def described(name: str, arguments: Mapping[str, str | int]) -> str:
    """Return a hook and its arguments for a transcript, without what is secret."""
    shown = {key: value for key, value in arguments.items() if key not in _SECRET_ARGUMENTS}
    return name + (f" {json.dumps(shown, ensure_ascii=False)}" if shown else "")


async def pull(
    target: Target, redactor: Redactor, name: str, arguments: Mapping[str, str | int]
) -> dict[str, str]:
    """
    Pull a hook and return what it returns.

    Args:
        target: Whose hook it is.
        redactor: Is told the secrets among the arguments.
        name: A name of :data:`~multichat_conformance.target.model.HOOKS`.
        arguments: Exactly those that it takes.

    Raises:
        NotTested: The target file does not offer it.
        HarnessError: It failed, or took more than half a minute.

    Cancelling kills a hook that is a command, and abandons one that is an HTTP call.

    """
    if set(arguments) != set(HOOKS[name]):
        raise ValueError(f"the hook {name} takes {HOOKS[name]}, not {tuple(arguments)}")
    redactor.hide(*(str(arguments[key]) for key in _SECRET_ARGUMENTS & set(arguments)))
    if name in target.hooks.commands:
        line = target.hooks.commands[name]
        values = {key: str(value) for key, value in arguments.items()}
        return await _run(target, name, [filled_in(word, values) for word in line])
    if name in target.hooks.offers:
        return await _post(target, name, arguments)
    raise NotTested(f"the target file offers no hook {name}")


async def _run(target: Target, name: str, line: list[str]) -> dict[str, str]:
    try:
        with trio.fail_after(LONGEST):
            done = await trio.run_process(
                line,
                capture_stdout=True,
                capture_stderr=True,
                check=False,
                cwd=target.file.parent if target.file else None,
            )
    except trio.TooSlowError:
        raise HarnessError(f"the hook {name} took more than {LONGEST:.0f} s") from None
    except (OSError, subprocess.SubprocessError) as exc:
        raise HarnessError(f"the hook {name} cannot be run: {exc}") from exc
    output = done.stdout.decode("utf-8", "replace").strip()
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines() or ["it said nothing"]
        raise HarnessError(f"the hook {name} ended with {done.returncode}: {words[-1]}")
    return {"room": output.splitlines()[-1].strip()} if output else {}


async def _post(target: Target, name: str, arguments: Mapping[str, str | int]) -> dict[str, str]:
    try:
        response = await request(
            "POST",
            target.hooks.url.rstrip("/") + "/" + name,
            headers={"Content-Type": "application/json"},
            body=json.dumps(arguments).encode(),
            patience=LONGEST,
        )
    except WebError as exc:
        raise HarnessError(f"the hook {name} failed: {exc}") from exc
    if response.status not in (200, 204):
        raise HarnessError(
            f"the hook {name} answers {response.status}: {shorten(response.text.strip(), 300)}"
        )
    found = response.json()
    return {k: str(v) for k, v in found.items()} if isinstance(found, dict) else {}
