"""The REST API: an ASGI application."""

import re
import time

from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.responses import PlainTextResponse
from starlette.responses import Response
from starlette.routing import Route

from tfcodec.serve import json_inputs
from tfcodec.serve import json_outputs
from tfcodec.serve.models import DEFAULT_SIGNATURE
from tfcodec.serve.models import check_inputs
from tfcodec.serve.protos import metadata_response
from tfcodec.serve.protos import signature_map
from tfcodec.serve.protos import status_response
from tfcodec.serve.status import StatusError
from tfcodec.serve.status import as_status
from tfcodec.serve.status import invalid

_METHODS = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"]
_MODEL = r"/v1/models/(?P<name>[^/:]+)"
_VERSION = r"(?:/versions/(?P<version>\d+)|/labels/(?P<label>[^/:]+))?"
_GET = re.compile(rf"{_MODEL}{_VERSION}(?P<metadata>/metadata)?", re.IGNORECASE)
_POST = re.compile(
    rf"{_MODEL}{_VERSION}:(?P<method>predict|classify|regress)", re.IGNORECASE
)
# How much of a body that is too large is read, and dropped, before the
# answer: a client that is still sending would not see it.
_DRAIN = 1 << 26


class _TooLarge(Exception):
    pass


class Rest:
    """What answers the requests.

    Args:
        models: `Models`.
        predict: function of `(servable, signature_name, inputs)`.
        max_bytes: int, the largest body of a request.
        log: function of `(line, error)`; called once per request.
    """

    def __init__(self, models, predict, max_bytes, log):
        self._models = models
        self._predict = predict
        self._max_bytes = max_bytes
        self._log = log

    def application(self):
        """The ASGI application."""
        return Starlette(
            routes=[
                Route("/healthz", self._healthz),
                Route("/v1/{path:path}", self._v1, methods=_METHODS),
            ],
            exception_handlers={HTTPException: _http_error},
        )

    async def _healthz(self, request):
        return PlainTextResponse("ok\n")

    async def _v1(self, request):
        begun = time.perf_counter()
        failure = None
        try:
            body = await self._read(request)
            response = await run_in_threadpool(self._answer, request, body)
        except ClientDisconnect:
            response = Response(status_code=499)  # nobody reads it
        except _TooLarge:
            message = f"Request body exceeds {self._max_bytes} bytes"
            response = JSONResponse({"error": message}, 413)
        except Exception as error:
            failure = error
            status = as_status(error)
            response = JSONResponse({"error": str(status)}, status.http)
        seconds = time.perf_counter() - begun
        self._log(
            f"{request.method} {request.url.path} {response.status_code} "
            f"{1e3 * seconds:.0f} ms",
            failure,
        )
        return response

    async def _read(self, request):
        body = bytearray()
        size = 0
        async for part in request.stream():
            size += len(part)
            if size <= self._max_bytes:
                body += part
            elif size > self._max_bytes + _DRAIN:
                break
            else:
                body.clear()
        if size > self._max_bytes:
            raise _TooLarge
        return bytes(body)

    def _answer(self, request, body):
        path = request.url.path
        if request.method == "POST" and (match := _POST.fullmatch(path)):
            if match["method"].lower() != "predict":
                raise StatusError(
                    "UNIMPLEMENTED", f"This server has no {match['method']}"
                )
            return self._predictions(_which(match), body)
        if request.method == "GET" and (match := _GET.fullmatch(path)):
            if match["metadata"]:
                servable = self._models.find(**_which(match))
                return _json(_metadata(servable))
            versions = self._models.versions(**_which(match))
            return _json(_to_dict(status_response(versions), False))
        raise invalid(f"Malformed request: {request.method} {path}")

    def _predictions(self, which, body):
        request = json_inputs.parse(body)
        servable = self._models.find(**which)
        name = request.get("signature_name") or DEFAULT_SIGNATURE
        if name not in servable.signatures:
            raise invalid(
                f'Serving signature name: "{name}" not found in signature def'
            )
        signature = servable.signatures[name]
        inputs, is_row = json_inputs.read_inputs(request, signature.inputs)
        check_inputs(signature, inputs)
        outputs = self._predict(servable, name, inputs)
        return _json(json_outputs.write_outputs(outputs, is_row))


def _which(match):
    version = match["version"]
    if version is not None and int(version) >= 2**63:
        raise invalid(f"Failed to convert version: {version} to numeric.")
    return {
        "name": match["name"],
        "version": None if version is None else int(version),
        "label": match["label"],
    }


def _metadata(servable):
    return {
        "model_spec": _to_dict(metadata_response(servable).model_spec, True),
        "metadata": {"signature_def": _to_dict(signature_map(servable), True)},
    }


def _to_dict(message, keeps_names):
    return json_format.MessageToDict(
        message,
        always_print_fields_with_no_presence=True,
        preserving_proto_field_name=keeps_names,
    )


def _json(value):
    if isinstance(value, bytes):
        return Response(value, media_type="application/json")
    return JSONResponse(value)


async def _http_error(request, error):
    return JSONResponse({"error": error.detail}, error.status_code)
