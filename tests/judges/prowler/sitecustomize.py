"""Names below localhost are this machine: S3 Control puts the account before the host, and not every resolver knows that."""

import socket

resolve = socket.getaddrinfo


def below_localhost(host, *rest, **more):
    return resolve("localhost" if isinstance(host, str) and host.endswith(".localhost") else host, *rest, **more)


socket.getaddrinfo = below_localhost
