#!/bin/sh
kubectl create role flink-leaders --verb=get --resource=configmaps
kubectl apply -f all.yaml
