"""The project's own local AWS: LocalEmu without Docker, with what it lacks patched in.

`serve` runs it in the foreground, `instance` starts and stops it from another
program. Everything listens on 127.0.0.1; the Lambdas are the real binaries,
run as plain processes behind the Lambda Runtime API.

Invariants: nothing here knows what natspike does; nothing outlives the program
that started it (see `lifeline`).
"""
