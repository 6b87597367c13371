"""The lints of the deployable files: both templates and the state machine.

`python -m lint` runs them all. `cloudformation` reads a template, `macros` expands
it with the project's own macros in the order CloudFormation works in, `checks` runs
the validators. Nothing here talks to AWS.
"""
