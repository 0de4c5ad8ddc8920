"""The Open Inference Protocol (KServe v2), the same for HTTP and gRPC.

Read `model_server` first; the HTTP routes are in `functions.api.routes.open_inference`.
"""
