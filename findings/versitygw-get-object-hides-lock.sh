#!/usr/bin/env bash
# versitygw v1.8.0 (Go module github.com/versity/versitygw, Apache-2.0), an S3 server that enforces Object Lock.
#
# Most would guess: `GetObject` and `HeadObject` answer with the same headers about an object's lock, as S3 does
# (https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html: `x-amz-object-lock-mode`, `x-amz-object-lock-retain-until-date`).
#
# What really happens: `HeadObject` has both headers, `GetObject` has neither. Who reads an object to decide whether its lock is long enough takes
# a locked object for an unlocked one.
#
# Needs: Go 1.21 or newer, curl 7.75 or newer, a file system with extended attributes in the folder for temporary files. The first
# compilation takes minutes. Exits with 1 when any of this is not so any more.
set -euo pipefail
folder="$(mktemp -d)"
pid=''
trap '[ -z "$pid" ] || kill "$pid"; rm -rf "$folder"' EXIT
GOBIN="$folder" go install github.com/versity/versitygw/cmd/versitygw@v1.8.0
mkdir "$folder/objects" "$folder/versions"
port="$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')"
ROOT_ACCESS_KEY=testing ROOT_SECRET_KEY=testing "$folder/versitygw" --quiet --port "127.0.0.1:$port" --health /health \
  posix --versioning-dir "$folder/versions" "$folder/objects" >/dev/null 2>&1 &
pid=$!
until curl --silent --fail "http://127.0.0.1:$port/health" >/dev/null; do kill -0 "$pid"; sleep 0.1; done
# With the digest of what is sent.
s3() {
  local sent="$1"
  shift
  curl --silent --fail --aws-sigv4 aws:amz:us-east-1:s3 --user testing:testing -H "x-amz-content-sha256: $(sha256sum "$sent" | cut -d' ' -f1)" "$@"
}
s3 /dev/null -X PUT "http://127.0.0.1:$port/bucket" -H 'x-amz-bucket-object-lock-enabled: true'
printf 'text' > "$folder/text"
s3 "$folder/text" -X PUT "http://127.0.0.1:$port/bucket/key" --data-binary "@$folder/text" -H 'content-type: text/plain' \
  -H 'x-amz-object-lock-mode: COMPLIANCE' -H "x-amz-object-lock-retain-until-date: $(date -u -d '+30 days' +%Y-%m-%dT%H:%M:%SZ)"
locks() { grep -i '^x-amz-object-lock' | cut -d: -f1 | tr 'A-Z' 'a-z' | sort | tr '\n' ' '; }
head="$(s3 /dev/null --head "http://127.0.0.1:$port/bucket/key" | locks)"
get="$(s3 /dev/null --dump-header - --output /dev/null "http://127.0.0.1:$port/bucket/key" | { locks || true; })"
echo "HeadObject: ${head:-none}"
echo "GetObject: ${get:-none}"
[ "$head" = 'x-amz-object-lock-mode x-amz-object-lock-retain-until-date ' ] && [ -z "$get" ]
