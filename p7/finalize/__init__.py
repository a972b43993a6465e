"""What `p7 finalize` makes of a new installation: its lists, its plan, and the steps that the plan is made of.

A step is an operation (p7.ops) that can also tell whether what it does is so already: that says which are left to do,
and afterwards whether they were done.
"""
