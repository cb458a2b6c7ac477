#!/usr/bin/env bash
# botocore 1.44.8 (Apache-2.0, https://github.com/boto/botocore), the SDK of AWS for Python: the validation of parameters that it makes before each
# request, by the model of the service.
#
# Most would guess: what the model says of a member is checked, or nothing of it. It has both ends of a range (6 to 128), the lengths of a text (1 to
# 512), its pattern, and its enumeration.
#
# What really happens: the lower end is checked, and the upper one is not: a password policy with 5 is refused on this machine, one with 200 goes out.
# So it is with lengths. Patterns and enumerations are not looked at. In botocore/validate.py, `range_check` reads `min` alone, and `ParamValidator`
# knows neither of the other two. Whoever takes it for a judge of calls has to check these by the same model.
#
# Needs: Python 3 with venv. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check botocore==1.44.8
cat > validate.py <<'PY'
import botocore.loaders
import botocore.model
import botocore.validate

loader = botocore.loaders.Loader()


def say(what, service, operation, member, given):
    shape = botocore.model.ServiceModel(loader.load_service_model(service, "service-2"), service).operation_model(operation).input_shape
    found = shape
    for name in member.split("."):
        found = found.members[name]
    has = {each: found.metadata[each] for each in ("min", "max", "pattern", "enum") if found.metadata.get(each)}
    errors = botocore.validate.ParamValidator().validate(given, shape).generate_report()
    print(f"{what}: {operation} {member}, by the model {has}: {'refused' if errors else 'accepted'}")


say("below the range", "iam", "UpdateAccountPasswordPolicy", "MinimumPasswordLength", {"MinimumPasswordLength": 5})
say("above the range", "iam", "UpdateAccountPasswordPolicy", "MinimumPasswordLength", {"MinimumPasswordLength": 200})
say("too short", "logs", "PutRetentionPolicy", "logGroupName", {"logGroupName": "", "retentionInDays": 30})
say("too long", "logs", "PutRetentionPolicy", "logGroupName", {"logGroupName": "a" * 600, "retentionInDays": 30})
say("another pattern", "logs", "PutRetentionPolicy", "logGroupName", {"logGroupName": "a b", "retentionInDays": 30})
say("no such value", "s3", "PutBucketVersioning", "VersioningConfiguration.Status", {"Bucket": "b", "VersioningConfiguration": {"Status": "On"}})
PY
venv/bin/python validate.py | tee output
[ "$(sed 's/.*: //' output | tr '\n' ' ')" = 'refused accepted refused accepted accepted accepted ' ]
