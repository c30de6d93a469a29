"""The server: both APIs on their ports, until a signal."""

import concurrent.futures
import signal
import socket
import threading

import grpc
import uvicorn

from tfcodec.errors import TfcodecError
from tfcodec.serve.grpc_services import add_services
from tfcodec.serve.rest import Rest

_THREADS = 32
_GRACE_SECONDS = 60


class Server:
    """Serves models; the ports are open when the constructor returns.

    Args:
        models: `Models`.
        host: str, an address of this machine.
        rest_port: int; 0 for any that is free.
        grpc_port: int; 0 for any that is free.
        max_bytes: int, the largest request.
        predict: function of `(servable, signature_name, inputs)`, such as a
            `Batcher`; by default the servable's own.
        log: function of `(line, error)`; called once per request, with the
            exception or None, from several threads.

    Attributes:
        rest_port: int.
        grpc_port: int.

    Raises:
        TfcodecError: A port is not free.
    """

    def __init__(
        self,
        models,
        *,
        host="127.0.0.1",
        rest_port=8501,
        grpc_port=8500,
        max_bytes=1 << 26,
        predict=None,
        log=None,
    ):
        predict = predict or _predict
        log = log or _no_log
        self._socket = _listen(host, rest_port)
        self.rest_port = self._socket.getsockname()[1]
        self._grpc = grpc.server(
            concurrent.futures.ThreadPoolExecutor(_THREADS),
            options=[
                ("grpc.max_receive_message_length", max_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),
            ],
        )
        add_services(self._grpc, models, predict, max_bytes, log)
        address = f"[{host}]" if ":" in host else host
        try:
            self.grpc_port = self._grpc.add_insecure_port(
                f"{address}:{grpc_port}"
            )
        except RuntimeError as error:
            self._socket.close()
            raise _cannot_listen(host, grpc_port, "in use?") from error
        self._rest = uvicorn.Server(
            uvicorn.Config(
                Rest(models, predict, max_bytes, log).application(),
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )

    def run(self, on_start=None):
        """Answers requests until `stop`, SIGINT or SIGTERM.

        Requests in progress then get up to a minute to end; a second SIGINT
        drops them.

        Args:
            on_start: function, called when signals end the server cleanly.
        """
        previous = {}
        if threading.current_thread() is threading.main_thread():
            # Uvicorn has handlers of its own, and raises the signals again
            # under these when it has stopped.
            for number in (signal.SIGINT, signal.SIGTERM):
                previous[number] = signal.signal(number, self._on_signal)
        self._grpc.start()
        try:
            if on_start is not None:
                on_start()
            self._rest.run(sockets=[self._socket])
        finally:
            grace = 0 if self._rest.force_exit else _GRACE_SECONDS
            self._grpc.stop(grace).wait()
            for number, handler in previous.items():
                signal.signal(number, handler)

    def stop(self):
        """Makes `run` return; from any thread."""
        self._rest.should_exit = True

    def _on_signal(self, number, frame):
        self.stop()


def _predict(servable, signature_name, inputs):
    return servable.predict(signature_name, inputs)


def _no_log(line, error):
    pass


def _listen(host, port):
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family, backlog=1024)
    except OSError as error:
        raise _cannot_listen(host, port, error.strerror) from error


def _cannot_listen(host, port, reason):
    return TfcodecError(f"cannot listen on {host}:{port}: {reason}")
