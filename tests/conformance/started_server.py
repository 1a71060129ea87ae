"""The small server as a process that a target file starts: ``python -m``, one line when ready."""

import json

import trio

from tests.conformance.small_server import small_server


async def main() -> None:
    async with small_server() as running:
        target = running.target
        print(json.dumps({"websocket": target.url, "hooks": target.hooks.url}), flush=True)
        await trio.sleep_forever()


if __name__ == "__main__":
    trio.run(main)
