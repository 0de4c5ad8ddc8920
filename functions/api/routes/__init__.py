"""The routes, one Blueprint per resource. Each unpacks the request, calls the core and packs what it gave."""

from typing import Any

# Media types are checked by the routes themselves: Chalice's own check refuses requests that have no body.
ANY: Any = {"content_types": ["*/*"]}

READING = ["GET", "HEAD"]  # API Gateway has no HEAD unless it is declared; `middleware.serve` leaves its body out
