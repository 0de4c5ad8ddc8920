"""The Chalice application: CORS, media types, the middleware, and the routes with the service that they use."""

import os

from chalice.app import Chalice, CORSConfig

from functions import learn, retrain, settings, wiring
from functions.api import middleware
from functions.api.routes import data, docs, jobs, lessons, open_inference, predict, rooms, root, updates, weights

app = Chalice("scrawl", configure_logs=False)
# Every body is bytes to API Gateway: it looks only at the first media type of Accept, and not at Content-Encoding.
app.api.binary_types = ["*/*"]
app.api.cors = CORSConfig(
    allow_origin=settings.cors_origin(os.environ),
    allow_headers=[
        "Accept",
        "Content-Encoding",
        "Idempotency-Key",
        "If-Match",
        "If-None-Match",
        "Prefer",
        open_inference.HEADER_LENGTH,
    ],
    expose_headers=[
        "ETag",
        "Location",
        "Preference-Applied",
        "Retry-After",
        predict.COLD_START,
        open_inference.HEADER_LENGTH,
    ],
    max_age=600,
)
app.register_middleware(middleware.measure, "http")  # outermost: it measures all the rest
app.register_middleware(middleware.serve(wiring.service), "http")
app.register_middleware(open_inference.middleware, "http")  # inside `serve`, which compresses
for blueprint in (
    root.blueprint,
    docs.blueprint,
    data.blueprint,
    weights.blueprint,
    updates.blueprint,
    rooms.blueprint,
    jobs.blueprint,
    lessons.blueprint,
    predict.blueprint,
    open_inference.blueprint,
    retrain.blueprint,
    learn.blueprint,
):
    app.register_blueprint(blueprint)

if "AWS_LAMBDA_FUNCTION_NAME" in os.environ:
    wiring.service().warm_up()  # now, while Lambda gives it a whole processor, and not in the first request
