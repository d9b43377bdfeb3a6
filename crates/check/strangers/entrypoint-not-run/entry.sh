#!/bin/bash
echo "parallelism.default: $P" >> $FLINK_HOME/conf/flink-conf.yaml
exec /docker-entrypoint.sh "$@"
