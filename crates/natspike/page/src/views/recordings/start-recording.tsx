/**
 * The button that starts a recording of a gateway, after it was confirmed.
 */
import { useState } from "preact/hooks";
import { api, Problem as Failure } from "../../api/client.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Problem } from "../../parts/notice.tsx";
import { go } from "../../state/location.ts";
import { announce } from "../../state/session.ts";

export interface StartRecordingProps {
  gateway: string;
  onStarted: () => void;
}

export function StartRecording({ gateway, onStarted }: StartRecordingProps) {
  const [isAsking, setAsking] = useState(false);
  const [isBusy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Failure | undefined>(undefined);
  const start = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const begun = await api.post<{ execution: string }>("/stack/recordings", { gateway });
      announce(`The recording of ${gateway} begins.`);
      setAsking(false);
      onStarted();
      go("live", { recording: begun.execution });
    } catch (cause) {
      setProblem(Failure.of(cause));
    } finally {
      setBusy(false);
    }
  };
  const close = () => setAsking(false);
  return (
    <>
      <button type="button" class="button button-small" onClick={() => setAsking(true)}>
        <Icon name="play" /> Record
      </button>
      <Dialog
        title={`Record ${gateway}?`}
        isOpen={isAsking}
        onClose={close}
        actions={
          <>
            <button type="button" class="button" onClick={close}>
              Leave it
            </button>
            <button type="button" class="button button-main" disabled={isBusy} onClick={start}>
              {isBusy ? "Starting…" : "Start the recording"}
            </button>
          </>
        }
      >
        <div class="stack">
          <p>
            This starts the stack's workflow as an alarm would. A flow log of the gateway is
            switched on, and CloudWatch Logs bills every byte of its records; it ends after the
            stack's RecordingTime, at its RecordingLimit, or when you stop it.
          </p>
          <p>
            What was recorded is analyzed and mailed to the stack's address, and it counts towards
            the recordings that NumOfRecordings allows. The first records arrive some ten minutes
            after it begins.
          </p>
          {problem ? <Problem error={problem} /> : null}
        </div>
      </Dialog>
    </>
  );
}
