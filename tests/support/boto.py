"""A client that owes nothing to Redress: boto3, one call a line on standard input, one answer a line on standard output."""

import json
import sys

import boto3
import botocore.config
import botocore.exceptions

clients = {}


def client(endpoint, service, region):
    key = (endpoint, service, region)
    if key not in clients:
        clients[key] = boto3.client(
            service,
            endpoint_url=endpoint,
            region_name=region,
            aws_access_key_id="testing",
            aws_secret_access_key="testing",
            config=botocore.config.Config(s3={"addressing_style": "path"}),
        )
    return clients[key]


for line in sys.stdin:
    asked = json.loads(line)
    try:
        reply = getattr(client(asked["endpoint"], asked["service"], asked["region"]), asked["operation"])(**asked["input"])
        reply.pop("ResponseMetadata", None)
        answer = {"reply": reply}
    except botocore.exceptions.ClientError as error:
        answer = {"error": error.response["Error"]["Code"]}
    except Exception as error:  # A mistake in the test itself: it is told, and not taken for an answer of AWS.
        answer = {"broken": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer, default=str), flush=True)
