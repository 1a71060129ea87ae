"""
A stream that judges the response to a handshake before trio-websocket reads it.

The library is made for servers that mean well: on a response that is not as it must be it fails
in its own task, with whatever its parser happens to raise. A target is not known to mean well.
"""

import trio

from multichat_conformance.actors.handshake import Handshake, read_head, response_of

__all__ = ["NotAccepted", "WatchedStream"]


class NotAccepted(Exception):
    """
    The response to a handshake is not one that a connection can begin with.

    Attributes:
        response: It.
        clause: The clause that is broken.
        wrong: What is wrong with it.

    """

    def __init__(self, response: Handshake, clause: str, wrong: str) -> None:
        super().__init__(wrong)
        self.response = response
        self.clause = clause
        self.wrong = wrong


class WatchedStream(trio.abc.Stream):
    """
    Passes everything on, once the response to the first request has been judged.

    Args:
        stream: The stream to the target; closed with this one.

    """

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._request = b""
        self._is_judged = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Pass on."""
        if not self._is_judged:
            self._request += data
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """Pass on."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """
        Pass on; the first time, the whole head of the response and what came with it.

        Raises:
            NotAccepted: The response does not begin a connection.

        """
        if self._is_judged:
            return await self._stream.receive_some(max_bytes)
        data = await read_head(self._stream)
        self._judge(response_of(data))
        self._is_judged = True
        return data

    async def aclose(self) -> None:
        """Pass on."""
        await self._stream.aclose()

    def _judge(self, response: Handshake) -> None:
        wrong = response.fault(self._request) if response.status == 101 else str(response)
        if wrong:
            raise NotAccepted(response, "MC1-HAND-01", wrong)
        # Polite actors offer no subprotocol.
        chosen = response.headers.get("sec-websocket-protocol")
        if chosen is not None:
            wrong = f"the subprotocol {chosen}, which was not offered"
            raise NotAccepted(response, "MC1-HAND-09", wrong)
