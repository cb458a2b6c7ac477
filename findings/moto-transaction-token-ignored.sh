#!/usr/bin/env bash
# moto 5.2.5 (PyPI, Apache-2.0, https://github.com/getmoto/moto), the emulator of AWS that most tests in Python use.
#
# Most would guess: a `TransactWriteItems` that is sent again under its `ClientRequestToken`, as every SDK does after a lost reply, is done once,
# as DynamoDB does for ten minutes; and another request under that token is refused (`IdempotentParameterMismatchException`).
#
# What really happens: the token is taken and ignored. The counter below is raised twice, and the other request is done as well. A test of
# retries that passes here says nothing, and one that fails here may be right on AWS.
#
# Needs: Python 3.10 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check 'moto[dynamodb]==5.2.5'
cat > idempotent.py <<'PY'
import boto3
from moto import mock_aws


@mock_aws
def main():
    client = boto3.client("dynamodb", region_name="us-east-1", aws_access_key_id="testing", aws_secret_access_key="testing")
    client.create_table(
        TableName="t",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def add(amount):
        update = {
            "TableName": "t",
            "Key": {"pk": {"S": "counter"}},
            "UpdateExpression": "ADD n :amount",
            "ExpressionAttributeValues": {":amount": {"N": str(amount)}},
        }
        client.transact_write_items(TransactItems=[{"Update": update}], ClientRequestToken="the-same-token")
        return client.get_item(TableName="t", Key={"pk": {"S": "counter"}}, ConsistentRead=True)["Item"]["n"]["N"]

    print("sent once:", add(1))
    print("sent again:", add(1))
    print("another request under the same token:", add(40))


main()
PY
venv/bin/python idempotent.py | tee output
[ "$(sed 's/.*: //' output | tr '\n' ' ')" = '1 2 42 ' ]
