#!/usr/bin/env bash
# moto 5.2.5 (PyPI, Apache-2.0, https://github.com/getmoto/moto), an emulator of AWS, called by boto3 1.43.106.
#
# Most would guess: a domain of OpenSearch in the emulator says whether its service software is the newest, as every domain of AWS does, for moto has a
# status of the software for it: version, whether an update is there, and its date.
#
# What really happens: moto sends that status as SoftwareUpdateOptions, the name of another setting (whether updates come by themselves). boto3 knows none
# of its members there, and drops them: the caller gets an empty SoftwareUpdateOptions, and no ServiceSoftwareOptions. Code that waits while an update is
# available, or asks a person when nothing is known of it, cannot be tested on it. Whoever moves the status to its right name has to drop its date: it is a
# text, and the API has a number there.
#
# Needs: Python 3.10 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check moto==5.2.5 boto3==1.43.106
cat > domain.py <<'PY'
import json

import boto3
from moto import mock_aws

with mock_aws():
    client = boto3.client("opensearch", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    sent = {}
    client.meta.events.register("before-parse.opensearch.DescribeDomain", lambda response_dict, **_: sent.update(json.loads(response_dict["body"])))
    client.create_domain(DomainName="search")
    got = client.describe_domain(DomainName="search")["DomainStatus"]
    software = sent["DomainStatus"]["SoftwareUpdateOptions"]
    print("sent as SoftwareUpdateOptions:", ", ".join(sorted(software)))
    print("its date is a text:", isinstance(software["AutomatedUpdateDate"], str))
    print("got as SoftwareUpdateOptions:", got["SoftwareUpdateOptions"])
    print("got as ServiceSoftwareOptions:", got.get("ServiceSoftwareOptions"))
PY
venv/bin/python domain.py | tee output
grep -q '^sent as SoftwareUpdateOptions: .*CurrentVersion.*UpdateAvailable' output
[ "$(tail -n 3 output | sed 's/.*: //' | tr '\n' ' ')" = 'True {} None ' ]
