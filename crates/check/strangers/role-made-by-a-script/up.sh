#!/bin/sh
kubectl create role flink-ha --verb=get,list,watch,create,update,patch,delete --resource=configmaps
kubectl apply -f all.yaml
