#!/bin/bash
# What the official image's entrypoint and Flink's start scripts do before the process itself that costs anything: a JVM
# that writes the configuration with what was said on top, and, but for TaskManagers of native sessions, which are told
# theirs, a JVM that works out the memory. What their shells take is left out. Then the same process as always.
set -e

ask() {
    local question=$1
    shift
    java -classpath "/bash-java-utils.jar:$(echo "$FLINK_HOME"/lib/flink-dist*.jar)" \
        org.apache.flink.runtime.util.bash.BashJavaUtils "$question" --configDir "$FLINK_HOME/conf" "$@" > /dev/null
}

ask UPDATE_AND_GET_FLINK_CONFIGURATION
case "$*" in
*kubernetes-taskmanager.sh*) ;;
taskmanager*) ask GET_TM_RESOURCE_PARAMS ;;
*) ask GET_JM_RESOURCE_PARAMS ;;
esac
exec /docker-entrypoint.sh "$@"
