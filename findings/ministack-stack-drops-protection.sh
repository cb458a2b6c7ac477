#!/usr/bin/env bash
# ministack 1.5.33 (PyPI, MIT, https://github.com/ministackorg/ministack), an emulator of AWS with CloudFormation.
#
# Most would guess: a stack that is CREATE_COMPLETE has what its template asks for, and an emulator refuses, or reports, a property that it does not know.
# Or it applies nothing but the name.
#
# What really happens: of one bucket, versioning, ownership and the public access block are applied, and Object Lock, the customer managed key and the
# lifecycle are dropped. Of one table, deletion protection is applied, and point-in-time recovery, the key and the time to live are dropped. The stack is
# CREATE_COMPLETE. A bucket that a call makes with Object Lock has it. So a test of a template for evidence runs on a bucket whose versions can be deleted
# at once.
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
cat > stack.py <<'PY'
import json
import sys
import time
import urllib.request

import boto3
from botocore.exceptions import ClientError

ENDPOINT = f"http://127.0.0.1:{sys.argv[1]}"
for _ in range(200):
    try:
        urllib.request.urlopen(f"{ENDPOINT}/_ministack/health")
        break
    except OSError:
        time.sleep(0.2)


def client(service):
    return boto3.client(service, endpoint_url=ENDPOINT, region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing")


s3, dynamodb, cloudformation = client("s3"), client("dynamodb"), client("cloudformation")
key = client("kms").create_key()["KeyMetadata"]["Arn"]
bucket = {
    "BucketName": "evidence",
    "ObjectLockEnabled": True,
    "VersioningConfiguration": {"Status": "Enabled"},
    "OwnershipControls": {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]},
    "BucketEncryption": {"ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}}]},
    "LifecycleConfiguration": {"Rules": [{"Status": "Enabled", "ExpirationInDays": 400}]},
}
table = {
    "TableName": "evidence",
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "DeletionProtectionEnabled": True,
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": key},
    "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
}
template = {"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": bucket}, "Table": {"Type": "AWS::DynamoDB::Table", "Properties": table}}}
cloudformation.create_stack(StackName="evidence", TemplateBody=json.dumps(template))
while (stack := cloudformation.describe_stacks(StackName="evidence")["Stacks"][0])["StackStatus"] == "CREATE_IN_PROGRESS":
    time.sleep(0.1)
print("stack:", stack["StackStatus"])


def read(of):
    try:
        return of()
    except ClientError as error:
        return error.response["Error"]["Code"]


def lock(name):
    return s3.get_object_lock_configuration(Bucket=name)["ObjectLockConfiguration"]["ObjectLockEnabled"]


print("versioning:", s3.get_bucket_versioning(Bucket="evidence").get("Status"))
print("ownership:", s3.get_bucket_ownership_controls(Bucket="evidence")["OwnershipControls"]["Rules"][0]["ObjectOwnership"])
print("object lock:", read(lambda: lock("evidence")))
encryption = s3.get_bucket_encryption(Bucket="evidence")["ServerSideEncryptionConfiguration"]["Rules"][0]
print("encryption of the bucket:", encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"])
print("lifecycle:", read(lambda: len(s3.get_bucket_lifecycle_configuration(Bucket="evidence")["Rules"])))
found = dynamodb.describe_table(TableName="evidence")["Table"]
print("deletion protection:", found["DeletionProtectionEnabled"])
print("encryption of the table:", found.get("SSEDescription", {}).get("SSEType"))
backups = dynamodb.describe_continuous_backups(TableName="evidence")["ContinuousBackupsDescription"]
print("point-in-time recovery:", backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"])
print("time to live:", dynamodb.describe_time_to_live(TableName="evidence")["TimeToLiveDescription"]["TimeToLiveStatus"])

# By calls, the emulator keeps the same.
s3.create_bucket(Bucket="by-call", ObjectLockEnabledForBucket=True, CreateBucketConfiguration={"LocationConstraint": "eu-west-1"})
print("object lock, by call:", read(lambda: lock("by-call")))
PY
venv/bin/python stack.py "$port" | tee output
[ "$(sed 's/.*: //' output | tr '\n' ' ')" = 'CREATE_COMPLETE Enabled BucketOwnerEnforced ObjectLockConfigurationNotFoundError AES256 NoSuchLifecycleConfiguration True None DISABLED DISABLED Enabled ' ]
