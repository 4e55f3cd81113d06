"""A page of a real Streamlit server without a browser: only its websocket."""

from __future__ import annotations

import time
from contextlib import ExitStack
from types import TracebackType

from streamlit.proto.BackMsg_pb2 import BackMsg
from typing_extensions import Self
from websockets.sync.client import ClientConnection, connect

from support.apps import StreamlitApp


class Visitor:
    """Runs the script of an app as an open page does."""

    def __init__(self, app: StreamlitApp) -> None:
        self._app = app
        self._stack = ExitStack()
        self._socket: ClientConnection | None = None

    def __enter__(self) -> Self:
        address = f"ws://127.0.0.1:{self._app.port}/_stcore/stream"
        self._socket = self._stack.enter_context(connect(address, max_size=None))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._stack.close()

    def run(self, until: str, *, within_s: float = 30) -> None:
        """Run the script until its log has a text once more than before."""
        assert self._socket is not None
        message = BackMsg()
        message.rerun_script.query_string = ""
        before = self._app.log().count(until)
        self._socket.send(message.SerializeToString())
        give_up_at = time.monotonic() + within_s
        while self._app.log().count(until) == before:
            assert time.monotonic() < give_up_at, self._app.log()
            time.sleep(0.02)
