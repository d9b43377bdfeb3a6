#!/bin/sh
export S3_KEY="$(cat /vault/key)"
exec /docker-entrypoint.sh "$@"
