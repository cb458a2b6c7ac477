#!/usr/bin/env bash
# moto 5.2.5 (PyPI, Apache-2.0, https://github.com/getmoto/moto), the emulator of AWS that most tests in Python use.
#
# Most would guess: a rule of a security group is read as EC2 keeps it. EC2 brings each block into its canonical form, so `100.68.0.18/18` is read as
# `100.68.0.0/18`, and a second rule for the same block is a duplicate:
# https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_IpRange.html
#
# What really happens: the block is kept as it was given, with its host bits, and the same block in two forms makes two rules. So a program that finds a
# rule again by the text that it sent passes its tests, and finds nothing in an account.
#
# Needs: Python 3.10 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[ec2]==5.2.5'
cat > rules.py <<'PY'
import boto3
from moto import mock_aws


@mock_aws
def main():
    client = boto3.client("ec2", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    group = client.create_security_group(GroupName="web", Description="of a test")["GroupId"]
    for block in ("100.68.0.18/18", "100.68.0.0/18"):
        rule = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": block}]}
        client.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    found = client.describe_security_group_rules(Filters=[{"Name": "group-id", "Values": [group]}])["SecurityGroupRules"]
    print("rules:", " ".join(sorted(each["CidrIpv4"] for each in found if not each["IsEgress"])))


main()
PY
venv/bin/python rules.py | tee output
[ "$(cat output)" = 'rules: 100.68.0.0/18 100.68.0.18/18' ]
