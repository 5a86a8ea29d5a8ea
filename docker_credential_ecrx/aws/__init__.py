"""What is asked of AWS through botocore, as whom, and what it refuses."""
