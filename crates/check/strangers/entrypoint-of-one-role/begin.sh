#!/bin/bash
set -e
export FERRY_TOKEN="$(cat /run/ferries/token)"
exec /docker-entrypoint.sh jobmanager
