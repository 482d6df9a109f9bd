"""What plugins cost: measured in processes of their own, compared with budgets and with an earlier time."""
