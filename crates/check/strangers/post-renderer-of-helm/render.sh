#!/bin/sh
# helm upgrade --install roads charts/flink --post-renderer ./render.sh
cd "$(dirname "$0")"
cat > rendered.yaml
exec kubectl kustomize .
