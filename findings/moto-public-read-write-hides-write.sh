#!/usr/bin/env bash
# moto 5.2.5 (PyPI, Apache-2.0, https://github.com/getmoto/moto), the emulator of AWS that most tests in Python use.
#
# Most would guess: a bucket with the canned access control list `public-read-write` shows everybody's READ and everybody's WRITE in GetBucketAcl, as
# S3 does, each in a grant of its own.
#
# What really happens: both are kept in one grant, of which GetBucketAcl shows the first permission alone: READ. Whoever writes back the list that was
# read takes WRITE away without knowing. A scanner of lists that anybody can write to finds nothing in a test, and so does a test of what closes them;
# the code may be right on AWS. The list `log-delivery-write` is shown without its WRITE in the same way.
#
# Needs: Python 3.10 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[s3]==5.2.5'
cat > lists.py <<'PY'
import boto3
from moto import mock_aws


@mock_aws
def main():
    client = boto3.client("s3", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    for acl in ["public-read-write", "log-delivery-write"]:
        client.create_bucket(Bucket=acl)
        client.put_bucket_acl(Bucket=acl, ACL=acl)
        grants = client.get_bucket_acl(Bucket=acl)["Grants"]
        print(f"{acl}:", " ".join(sorted(each["Permission"] for each in grants if each["Grantee"]["Type"] == "Group")))


main()
PY
venv/bin/python lists.py | tee output
[ "$(sed 's/.*: //' output | paste -sd,)" = 'READ,READ_ACP' ]
