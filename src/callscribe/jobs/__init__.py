"""The durable way of a job: what is done with a recording, step by step, through the death of any process."""
