"""Ends executions that are stopped while they wait for a task token.

LocalEmu notes that such an execution is to stop, but the thread that waits for
the token is never told, so the execution stays RUNNING until its time is over
(upstream `services/stepfunctions/backend/execution_worker.py`). This patch wakes
it, and what the interrupted state then takes for a failure does not change that
the execution was stopped.
"""

import datetime
from typing import Any


def install() -> None:
    """Patch LocalEmu: StopExecution ends a wait for a token."""
    from localemu.services.stepfunctions.asl.eval.environment import Environment
    from localemu.services.stepfunctions.asl.eval.program_state import ProgramStopped
    from localemu.services.stepfunctions.backend.execution_worker import ExecutionWorker

    note_stop = ExecutionWorker.stop
    note_error = Environment.set_error

    def stop(
        self: ExecutionWorker,
        stop_date: datetime.datetime,
        error: str | None,
        cause: str | None,
    ) -> None:
        note_stop(self, stop_date=stop_date, error=error, cause=cause)
        for endpoint in list(self.env.callback_pool_manager._pool.values()):
            endpoint.interrupt_all()

    def set_error(self: Environment, error: Any) -> None:
        if not isinstance(self.program_state(), ProgramStopped):
            note_error(self, error=error)

    ExecutionWorker.stop = stop
    Environment.set_error = set_error
