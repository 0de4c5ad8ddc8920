"""The gRPC server, for those inside a network or a container: its protocols, services, logs and start."""
