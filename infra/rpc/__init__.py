"""The gRPC server: its protocols, services, logs and start. Read `server` first, then the two services."""
