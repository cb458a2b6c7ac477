"""What the emulator's policies decide of requests that no service of it asks about: identity policy, boundary and requests from standard input."""

import json
import sys

from ministack.core.iam_evaluator import EvalContext, evaluate, parse_policy_document

asked = json.load(sys.stdin)
identity = [parse_policy_document(asked["policy"])]
boundary = [parse_policy_document(asked["boundary"])]


def decide(request):
    context = EvalContext(
        principal_arn=f"arn:aws:sts::{asked['account']}:assumed-role/RedressFix/execution",
        principal_type="AssumedRole",
        principal_account=asked["account"],
        action=request["action"],
        resource_arn=request["resource"],
        region="us-east-1",
        service_context={key.lower(): value for key, value in request["context"].items()},
    )
    return evaluate(context, identity, boundary).decision


json.dump([decide(request) for request in asked["requests"]], sys.stdout)
