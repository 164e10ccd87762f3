"""What vendors said: their results as claims, worth nothing until they are calibrated like ours."""
