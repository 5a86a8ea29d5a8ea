"""Fakes of the other side: AWS with faults, a registry like ECR's, a docker engine, and their names."""
