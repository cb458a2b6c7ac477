#!/usr/bin/env bash
# moto 5.2.5 (PyPI, Apache-2.0, https://github.com/getmoto/moto), the emulator of AWS that most tests in Python use.
#
# Most would guess: another instance class that is set without `ApplyImmediately` waits for the next maintenance window, and until then
# `PendingModifiedValues` has it. RDS does so:
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/Overview.DBInstance.Modifying.html
#
# What really happens: each change is made at once, and nothing is ever pending, whatever `ApplyImmediately` says. So a program that reports a change as
# made while it still waits for the window, or that sends it again each hour until the window comes, passes all of its tests.
#
# Needs: Python 3.10 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[rds]==5.2.5'
cat > change.py <<'PY'
import boto3
from moto import mock_aws


@mock_aws
def main():
    client = boto3.client("rds", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    name = {"DBInstanceIdentifier": "orders"}
    client.create_db_instance(
        **name, DBInstanceClass="db.t3.micro", Engine="postgres", AllocatedStorage=20, MasterUsername="ops", ManageMasterUserPassword=True
    )
    client.modify_db_instance(**name, DBInstanceClass="db.m6g.large", ApplyImmediately=False)
    found = client.describe_db_instances(**name)["DBInstances"][0]
    print("class:", found["DBInstanceClass"], "pending:", found.get("PendingModifiedValues") or "nothing")


main()
PY
venv/bin/python change.py | tee output
[ "$(cat output)" = 'class: db.m6g.large pending: nothing' ]
