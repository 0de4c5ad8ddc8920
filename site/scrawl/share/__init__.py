"""The API's weights, shared by all visitors: load, send, reset, go back; predictions and commands for the API.

Read `weights_view` first, which starts the feature, then `shared_weights`.
"""
