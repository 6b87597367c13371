"""The rehearsal: this repository's stack on the local AWS, a NAT spike, and the mail.

`python -m rehearsal --scenario tests/scenarios/spike-s3.toml --speed 60`

`story` tells it from start to end. What AWS would do by itself and no emulator
does is played in `played`, and nowhere else. `verify` decides.
"""
