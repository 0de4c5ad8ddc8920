"""The routes, one Blueprint per resource. Each unpacks the request, calls the core and packs what it gave."""

from typing import Any

# Media types are checked by the routes themselves: Chalice's own check refuses requests that have no body.
ANY: Any = {"content_types": ["*/*"]}
