#!/usr/bin/env bash
# moto 5.2.5 (PyPI, Apache-2.0, https://github.com/getmoto/moto), the emulator of AWS that most tests in Python use.
#
# Most would guess: a trail that is created without event selectors records all management events, and `GetEventSelectors` says so. AWS describes that
# as the default of a trail (https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutEventSelectors.html).
#
# What really happens: both lists of `GetEventSelectors` are empty, although the trail logs, and its own description says that it has no selectors of its
# own. Both lists are always there, also once selectors are put, while AWS returns the one that is in use. So a check of what a trail records fails on
# every trail that nobody has configured further, and a program that takes an empty list for "records nothing" passes its tests here, and is wrong on AWS
# about each trail that keeps the default.
#
# Needs: Python 3.10 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[cloudtrail,s3]==5.2.5'
cat > trail.py <<'PY'
import boto3
from moto import mock_aws


@mock_aws
def main():
    def client(service):
        return boto3.client(service, region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")

    s3, cloudtrail = client("s3"), client("cloudtrail")
    s3.create_bucket(Bucket="trails")
    cloudtrail.create_trail(Name="audit", S3BucketName="trails", IsMultiRegionTrail=True)
    cloudtrail.start_logging(Name="audit")

    def selectors():
        found = cloudtrail.get_event_selectors(TrailName="audit")
        return {name: len(found[name]) for name in ("EventSelectors", "AdvancedEventSelectors") if name in found}

    print("logging:", cloudtrail.get_trail_status(Name="audit")["IsLogging"])
    print("custom selectors:", cloudtrail.get_trail(Name="audit")["Trail"]["HasCustomEventSelectors"])
    print("by default:", selectors())
    cloudtrail.put_event_selectors(TrailName="audit", EventSelectors=[{"ReadWriteType": "All", "IncludeManagementEvents": True}])
    print("once put:", selectors())


main()
PY
venv/bin/python trail.py | tee output
[ "$(tr '\n' ';' < output)" = "logging: True;custom selectors: False;by default: {'EventSelectors': 0, 'AdvancedEventSelectors': 0};once put: {'EventSelectors': 1, 'AdvancedEventSelectors': 0};" ]
