#!/usr/bin/env bash
# moto 5.2.5 (PyPI, Apache-2.0, https://github.com/getmoto/moto), the emulator of AWS that most tests in Python use.
#
# Most would guess: DescribeLaunchTemplates without `MaxResults` gives all templates, or a page of them and a `NextToken`; the paginator of boto3 gives all.
# Tags that were added with CreateTags stand in it.
#
# What really happens: it gives fifteen templates and no token, so the paginator ends there, and nothing says that there are more. Tags are those of the
# call that made the template: what CreateTags adds only DescribeTags shows. A sweep over launch templates that passes with a few of them has never seen
# the sixteenth, and an exception tag that is added later is not seen.
#
# Needs: Python 3.10 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[ec2]==5.2.5'
cat > templates.py <<'PY'
import boto3
from moto import mock_aws


@mock_aws
def main():
    client = boto3.client("ec2", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    ids = []
    for number in range(40):
        made = client.create_launch_template(LaunchTemplateName=f"web-{number}", LaunchTemplateData={"InstanceType": "t3.micro"})
        ids.append(made["LaunchTemplate"]["LaunchTemplateId"])
    pages = list(client.get_paginator("describe_launch_templates").paginate())
    print("made: 40, pages:", len(pages), "listed:", sum(len(page["LaunchTemplates"]) for page in pages), "token:", pages[-1].get("NextToken"))
    client.create_tags(Resources=ids[:1], Tags=[{"Key": "team", "Value": "web"}])
    described = client.describe_launch_templates(LaunchTemplateIds=ids[:1])["LaunchTemplates"][0].get("Tags", [])
    tags = client.describe_tags(Filters=[{"Name": "resource-id", "Values": ids[:1]}])["Tags"]
    print("tags added later, in DescribeLaunchTemplates:", len(described), "in DescribeTags:", len(tags))


main()
PY
venv/bin/python templates.py | tee output
[ "$(head -n 1 output)" = 'made: 40, pages: 1 listed: 15 token: None' ]
[ "$(tail -n 1 output)" = 'tags added later, in DescribeLaunchTemplates: 0 in DescribeTags: 1' ]
