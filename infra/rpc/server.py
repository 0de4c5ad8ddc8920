"""The gRPC server: its services, limits, start and stop. `services` has the answers."""

import logging
import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from threadpoolctl import threadpool_limits

from infra.output import Say
from infra.rpc.address import AddressError, usable
from infra.rpc.interceptor import CallInterceptor
from infra.rpc.mnist_service import MnistService, Recognisers
from infra.rpc.open_inference_service import OpenInferenceService
from infra.rpc.protos import mnist_pb2, mnist_pb2_grpc, open_inference_pb2, open_inference_pb2_grpc

LARGEST_MESSAGE = 16 * 1024 * 1024  # 4,000 images of FP32 are 12.5 MB
_THREADS = 8  # calls that run at the same time
_WAITING = 64  # further ones that wait; beyond these, calls are refused with RESOURCE_EXHAUSTED
_GRACE = 10  # seconds that calls have to finish when the server stops
# Seconds after which the main thread, which alone runs Python's signal handlers, looks again: nothing wakes it for a
# signal that comes just before it waits.
_LOOK = 0.5

log = logging.getLogger("scrawl")


def serve(models: Recognisers, model: str, address: str, say: Say) -> None:
    """Serve models, of which `mnist.Mnist` uses one, until Ctrl-C or SIGTERM; running calls are still answered.

    Raises:
        AddressError: when the address cannot be used.
    """
    server, healthy = make_server(models, model)
    chosen = usable(address, say)
    try:
        port = server.add_insecure_port(chosen)
    except RuntimeError as error:  # another process was faster
        raise AddressError(f"cannot listen on {chosen}: {error}") from error
    stop = _stop_event()
    server.start()
    for service in (*_services(), health.SERVICE_NAME, ""):
        healthy.set(service, health_pb2.HealthCheckResponse.SERVING)
    where = f"{chosen.rpartition(':')[0]}:{port}"
    log.info("serving", extra={"address": where, "models": ", ".join(models.model_names()), "mnist": model})
    say(f"gRPC on {where} (Ctrl-C ends it)")
    with threadpool_limits(1, "blas"):  # otherwise the calls' BLAS threads spin while they wait for each other
        while not stop.wait(_LOOK):
            pass
        log.info("stopping", extra={"grace_seconds": _GRACE})
        healthy.enter_graceful_shutdown()
        server.stop(_GRACE).wait()
    say("Stopped")


def make_server(models: Recognisers, model: str) -> tuple[Any, Any]:
    """Return the server, not listening yet, and its health service, not serving yet."""
    server = grpc.server(
        ThreadPoolExecutor(_THREADS, "call"),
        interceptors=(CallInterceptor(),),
        options=(
            ("grpc.max_receive_message_length", LARGEST_MESSAGE),
            ("grpc.max_send_message_length", LARGEST_MESSAGE),
            ("grpc.so_reuseport", 0),  # otherwise a second server would silently share the port
        ),
        maximum_concurrent_rpcs=_THREADS + _WAITING,
    )
    mnist_pb2_grpc.add_MnistServicer_to_server(MnistService(models, model), server)  # type: ignore[no-untyped-call]
    add_open_inference = open_inference_pb2_grpc.add_GRPCInferenceServiceServicer_to_server
    add_open_inference(OpenInferenceService(models), server)  # type: ignore[no-untyped-call]
    # Clients that watch health take no thread from those that answer calls.
    healthy = health.HealthServicer(experimental_non_blocking=True, experimental_thread_pool=ThreadPoolExecutor(1))
    health_pb2_grpc.add_HealthServicer_to_server(healthy, server)
    reflection.enable_server_reflection((*_services(), health.SERVICE_NAME, reflection.SERVICE_NAME), server)
    return server, healthy


def _services() -> tuple[str, ...]:
    files = (mnist_pb2.DESCRIPTOR, open_inference_pb2.DESCRIPTOR)
    return tuple(service.full_name for file in files for service in file.services_by_name.values())


def _stop_event() -> threading.Event:
    """Return an event that the first Ctrl-C or SIGTERM sets; a second Ctrl-C ends the process at once."""
    stop = threading.Event()

    def end(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        stop.set()

    signal.signal(signal.SIGINT, end)  # a shell starts background jobs with SIGINT ignored
    signal.signal(signal.SIGTERM, end)
    return stop
