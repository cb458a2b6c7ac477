#!/usr/bin/env bash
# Prowler's OCSF output: what `time` and `time_dt` hold.
#
# What most would guess: OCSF defines `timestamp_t` (time, created_time) as milliseconds since 1970 and `datetime_t` (time_dt, created_time_dt) as
# RFC 3339, with a zone; a tool that says `metadata.version` 1.5.0 and profile `datetime` writes these, as Security Hub does.
#
# What really happens (prowler 5.46.0, py-ocsf-models 0.10.0): `time` is in seconds, so that whoever reads it as OCSF says gets January 1970; and
# `time_dt` is local time of the machine that scanned, without a zone, so that whoever takes it for UTC is hours off, in the future east of
# Greenwich. Only `time`, as seconds, says when the scan was.
#
# Source: prowler/lib/outputs/ocsf/ocsf.py (`int(finding.timestamp.timestamp())`), prowler/config/config.py (`timestamp = datetime.today()`);
# https://schema.ocsf.io/1.5.0/data_types
#
# Exits 0 while it is so, and 1 when it changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
pip="$folder/venv/bin/pip --disable-pip-version-check -q"
# Only what this output needs: all of it is 2 GB.
$pip install py-ocsf-models==0.10.0 pydantic==2.12.5 colorama==0.4.6 pyyaml==6.0.4 tzlocal==5.3.1 uuid6==2024.7.10 requests==2.34.2 packaging==26.4 jsonschema==4.23.0
$pip install --no-deps prowler==5.46.0
cat > "$folder/scan.py" <<'PY'
import json, os, sys, time
from datetime import datetime
import prowler
from prowler.lib.check.models import CheckMetadata
from prowler.lib.outputs.finding import Finding
from prowler.lib.outputs.ocsf.ocsf import OCSF

check = 'ec2_ebs_default_encryption'
folder = os.path.join(os.path.dirname(prowler.__file__), 'providers/aws/services/ec2', check)
# As prowler/config/config.py sets it.
timestamp = datetime.today()
finding = Finding(
    auth_method='profile: default', timestamp=timestamp, account_uid='111111111111', account_name='', account_email='',
    account_organization_uid='', account_organization_name='', account_tags={}, uid=f'prowler-aws-{check}-111111111111-eu-west-1-111111111111',
    status='FAIL', status_extended='EBS Default Encryption is not activated.', muted=False, resource_uid='arn:aws:ec2:eu-west-1:111111111111:volume',
    resource_metadata={}, resource_name='111111111111', resource_details='', resource_tags={}, partition='aws', region='eu-west-1', compliance={},
    metadata=CheckMetadata.parse_file(os.path.join(folder, f'{check}.metadata.json')), prowler_version='5.46.0')
written = json.loads(OCSF(findings=[finding]).data[0].model_dump_json(exclude_none=True))
now = time.time()
shown = {'metadata.version': written['metadata']['version'], 'profiles': written['metadata']['profiles'], 'time': written['time'], 'time_dt': written['time_dt']}
print(json.dumps(shown, indent=2))
print('now, in seconds:', int(now), ' now, in UTC:', time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime(now)), ' zone:', time.strftime('%z'))
seconds = abs(written['time'] - now) < 3600
local = datetime.fromisoformat(written['time_dt'])
bare = local.tzinfo is None and abs((local - datetime.utcfromtimestamp(now)).total_seconds()) > 5 * 3600
print('time is in seconds:', seconds)
print('time_dt is local, without a zone:', bare)
sys.exit(0 if seconds and bare else 1)
PY
TZ=Australia/Sydney "$folder/venv/bin/python" -W ignore "$folder/scan.py"
