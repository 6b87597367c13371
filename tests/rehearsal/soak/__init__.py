"""The soak: many alarms over many gateways at once, while calls fail at random.

`python -m soak --gateways 20 --alarms 200 --faults 5 --seed 1`

The same stack, the same binaries and the same local AWS as a rehearsal. `plan`
draws what happens, `run` lets it happen, `judge` says what must be true at the
end whatever happened, `story` tells of a gateway where it is not.
"""
