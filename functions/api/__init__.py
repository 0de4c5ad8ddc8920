"""HTTP: requests and responses, media types, the routes, and the OpenAPI document made from the types that validate.

Read `requests` first; a route in `routes` is decode, call the core, encode. In `functions`, only `app` imports `api`.
"""
