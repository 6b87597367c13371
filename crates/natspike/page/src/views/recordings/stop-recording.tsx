/**
 * The confirmation before a recording is ended.
 */
import { useState } from "preact/hooks";
import { api, Problem as Failure } from "../../api/client.ts";
import type { Recording, StoppedRecording } from "../../api/types.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Problem } from "../../parts/notice.tsx";
import { announce } from "../../state/session.ts";
import { nameOf } from "./ended.ts";

export interface StopRecordingProps {
  /** The recording that may be ended; the dialog is open while there is one. */
  recording: Recording | undefined;
  onClose: () => void;
  onStopped: () => void;
}

export function StopRecording({ recording, onClose, onStopped }: StopRecordingProps) {
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Failure | undefined>(undefined);
  const [isLate, setLate] = useState(false);
  const close = () => {
    setProblem(undefined);
    setLate(false);
    onClose();
  };
  const stop = async () => {
    if (!recording) {
      return;
    }
    setBusy(true);
    setProblem(undefined);
    try {
      const path = `/stack/recordings/${encodeURIComponent(recording.execution)}`;
      const { was_running } = await api.remove<StoppedRecording>(path);
      onStopped();
      if (was_running) {
        announce("The recording ends.");
        close();
      } else {
        setLate(true);
      }
    } catch (cause) {
      setProblem(Failure.of(cause));
    } finally {
      setBusy(false);
    }
  };
  if (isLate) {
    return (
      <Dialog
        title="The recording was over already"
        isOpen={recording !== undefined}
        onClose={close}
        actions={
          <button type="button" class="button button-main" onClick={close}>
            Close
          </button>
        }
      >
        <p>Nothing was stopped; its records are analyzed and mailed as they would be anyway.</p>
      </Dialog>
    );
  }
  return (
    <Dialog
      title={`Stop recording ${recording ? nameOf(recording) : ""}?`}
      isOpen={recording !== undefined}
      onClose={close}
      actions={
        <>
          <button type="button" class="button" onClick={close}>
            Go on recording
          </button>
          <button type="button" class="button button-danger" disabled={isBusy} onClick={stop}>
            {isBusy ? "Stopping…" : "Stop the recording"}
          </button>
        </>
      }
    >
      <div class="stack">
        <p>
          It ends as if its alarm had cleared: the flow log is switched off, records that are under
          way are waited for, and then it is analyzed and mailed.
        </p>
        {problem ? <Problem error={problem} /> : null}
      </div>
    </Dialog>
  );
}
