"""What quality nodes found: thresholds, verdicts, history."""
