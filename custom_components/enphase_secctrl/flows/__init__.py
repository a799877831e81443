"""What the flows share: forms, the steps of a sign-in, and the options."""
