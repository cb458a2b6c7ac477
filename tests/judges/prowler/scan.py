"""Prowler's own command, without three quarters of what it takes: no verdict of a check depends on compliance frameworks, which it only lists beside each one, or
on the options of other providers.

Names below localhost are this machine: S3 Control puts the account before the host, and not every resolver knows that.
"""

import socket

from prowler import __main__ as program
from prowler.lib.check.compliance_models import Compliance
from prowler.providers.common.provider import Provider


def replaced(owner, name, by):
    """Another version may have another name for it: this fails then, instead of replacing nothing."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner} has no {name}: see {__file__}")
    setattr(owner, name, by)


resolve = socket.getaddrinfo
replaced(
    socket,
    "getaddrinfo",
    lambda host, *rest, **more: resolve("localhost" if isinstance(host, str) and host.endswith(".localhost") else host, *rest, **more),
)
replaced(Compliance, "get_bulk", staticmethod(lambda provider: {}))
replaced(program, "get_bulk_compliance_frameworks_universal", lambda provider: {})
replaced(Provider, "get_available_providers", staticmethod(lambda: ["aws"]))
program.prowler()
