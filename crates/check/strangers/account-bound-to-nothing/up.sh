#!/bin/sh
kubectl apply -f all.yaml
kubectl create rolebinding flink --role=flink-ha --serviceaccount=default:jobs
