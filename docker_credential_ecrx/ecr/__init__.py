"""Pure values of Amazon ECR: registry, image, ARN, principal and policy."""
