#!/usr/bin/env bash
# moto 5.2.5 (PyPI, Apache-2.0, https://github.com/getmoto/moto), the emulator of AWS that most tests in Python use.
#
# Most would guess: `GetBucketNotificationConfiguration` returns what `PutBucketNotificationConfiguration` has set. The put replaces everything
# (https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketNotificationConfiguration.html), so whoever adds a queue first reads what there is.
#
# What really happens: `EventBridgeConfiguration` is accepted and acted on (events go to EventBridge), but no read returns it. So a program that reads,
# adds a queue and writes turns EventBridge off for the bucket, and a test that compares both reads sees no difference.
#
# Needs: Python 3.10 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[s3,events,sqs]==5.2.5'
cat > notifications.py <<'PY'
import boto3
from moto import mock_aws


@mock_aws
def main():
    def client(service):
        return boto3.client(service, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")

    s3, events, sqs = client("s3"), client("events"), client("sqs")
    queue = sqs.create_queue(QueueName="all")["QueueUrl"]
    events.put_rule(Name="all", EventPattern='{"source":["aws.s3"]}')
    events.put_targets(Rule="all", Targets=[{"Id": "queue", "Arn": "arn:aws:sqs:us-east-1:123456789012:all"}])
    s3.create_bucket(Bucket="invoices")
    s3.put_bucket_notification_configuration(Bucket="invoices", NotificationConfiguration={"EventBridgeConfiguration": {}})
    s3.put_object(Bucket="invoices", Key="one", Body=b"1")
    read = s3.get_bucket_notification_configuration(Bucket="invoices")
    print("read:", sorted(set(read) - {"ResponseMetadata"}) or "nothing")
    print("events:", len(sqs.receive_message(QueueUrl=queue).get("Messages", [])))


main()
PY
venv/bin/python notifications.py | tee output
[ "$(tr '\n' ';' < output)" = 'read: nothing;events: 1;' ]
