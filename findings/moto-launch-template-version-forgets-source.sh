#!/usr/bin/env bash
# moto 5.2.5 (PyPI, Apache-2.0, https://github.com/getmoto/moto), the emulator of AWS that most tests in Python use.
#
# Most would guess: a version of a launch template that is made with `SourceVersion` has the data of that version, with the given members in place of its
# own. EC2 does so: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_CreateLaunchTemplateVersion.html
#
# What really happens: `SourceVersion` is taken, and ignored. The new version has the given members alone: instance type, key, image and user data are
# gone. So code that changes one member of a template looks in a test as if it lost all others, and code that writes all of them again, which drops what
# it does not know, passes.
#
# Needs: Python 3.10 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[ec2]==5.2.5'
cat > versions.py <<'PY'
import boto3
from moto import mock_aws


@mock_aws
def main():
    client = boto3.client("ec2", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    data = {"InstanceType": "t3.micro", "KeyName": "ops", "MetadataOptions": {"HttpTokens": "optional"}}
    name = {"LaunchTemplateId": client.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=data)["LaunchTemplate"]["LaunchTemplateId"]}
    client.create_launch_template_version(**name, SourceVersion="1", LaunchTemplateData={"MetadataOptions": {"HttpTokens": "required"}})
    for each in sorted(client.describe_launch_template_versions(**name)["LaunchTemplateVersions"], key=lambda found: found["VersionNumber"]):
        print(f"version {each['VersionNumber']}:", " ".join(sorted(each["LaunchTemplateData"])))


main()
PY
venv/bin/python versions.py | tee output
[ "$(tail -n 1 output)" = 'version 2: MetadataOptions' ]
