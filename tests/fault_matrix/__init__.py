"""The fault matrix: each fault of the gateway and of the cloud, in each situation, and the recovery from it.

The faults are in `gateway_faults` and `cloud_faults`. One row is a fault, with its outcome, the requests meanwhile, and
the values that are unknown. The situations are the test functions: the first setup, a running entry, the renewal of an
account's token, and a config flow. The ID of a case is `fault-situation`.
"""
