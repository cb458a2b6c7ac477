"""Cloud Custodian as its Lambda function: the handler of c7n in a warm process. One event a line comes in, one measurement a line goes out.

It measures itself, so that what it costs to talk to this process is not in its figures. `config.json` in the working folder is the policy,
as c7n packs it into a function.
"""

import contextlib
import io
import json
import logging
import os
import sys
import time

# Its own switch for this: a function that logs each event whole would only be slower.
os.environ["C7N_DEBUG_EVENT"] = "no"
answers = sys.stdout
sys.stdout = sys.stderr

from c7n import handler  # noqa: E402

logging.root.setLevel(logging.WARNING)


class Context:
    function_name = "custodian"
    function_version = "1"
    invoked_function_arn = "arn:aws:lambda:us-east-1:123456789012:function:custodian"
    aws_request_id = "bench"
    memory_limit_in_mb = 512

    def get_remaining_time_in_millis(self):
        return 300000


for line in sys.stdin:
    event = json.loads(line)
    error = None
    started = time.perf_counter()
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            handler.dispatch_event(event, Context())
    except Exception as caught:  # noqa: BLE001
        error = repr(caught)
    took = (time.perf_counter() - started) * 1000
    answers.write(json.dumps({"ms": took, "error": error}) + "\n")
    answers.flush()
