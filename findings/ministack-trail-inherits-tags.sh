#!/usr/bin/env bash
# ministack 1.5.33 (PyPI, MIT, https://github.com/ministackorg/ministack), an emulator of AWS.
#
# Most would guess: a trail has the tags that `CreateTrail` names, and its tags go with it when it is deleted.
#
# What really happens: it is the other way round. Tags of `CreateTrail` are dropped, and the call is accepted. Tags of `AddTags` belong to the ARN: they
# outlive `DeleteTrail`, and the next trail of that name has them. So a test of an exception by tag sees none on the trail that was created with it, and one
# on a trail that nobody has tagged.
#
# Needs: Python 3.10 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check ministack==1.5.33 boto3==1.43.106
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
BIND_HOST=127.0.0.1 GATEWAY_PORT="$port" LOG_LEVEL=ERROR venv/bin/python -m ministack > log 2>&1 &
server=$!
cat > trail.py <<'PY'
import sys
import time
import urllib.request

import boto3

ENDPOINT = f"http://127.0.0.1:{sys.argv[1]}"
for _ in range(200):
    try:
        urllib.request.urlopen(f"{ENDPOINT}/_ministack/health")
        break
    except OSError:
        time.sleep(0.2)


def client(service):
    return boto3.client(service, endpoint_url=ENDPOINT, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")


s3, cloudtrail = client("s3"), client("cloudtrail")
s3.create_bucket(Bucket="trails")


def create(**more):
    return cloudtrail.create_trail(Name="audit", S3BucketName="trails", **more)["TrailARN"]


def tags(arn):
    return [tag["Value"] for each in cloudtrail.list_tags(ResourceIdList=[arn])["ResourceTagList"] for tag in each["TagsList"]]


arn = create(TagsList=[{"Key": "owner", "Value": "security"}])
print("created with a tag:", tags(arn))
cloudtrail.add_tags(ResourceId=arn, TagsList=[{"Key": "owner", "Value": "finance"}])
print("tagged:", tags(arn))
cloudtrail.delete_trail(Name="audit")
print("trails:", len(cloudtrail.describe_trails()["trailList"]))
print("the next one of that name:", tags(create()))
PY
venv/bin/python trail.py "$port" | tee output
[ "$(tr '\n' ';' < output)" = "created with a tag: [];tagged: ['finance'];trails: 0;the next one of that name: ['finance'];" ]
