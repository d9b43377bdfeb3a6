#!/bin/sh
kubectl apply -f all.yaml
kubectl create service clusterip jobs --tcp=6123:6123 --tcp=6124:6124
