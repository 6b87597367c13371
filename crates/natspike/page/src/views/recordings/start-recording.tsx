/**
 * The button that starts a recording of a gateway, after it was confirmed.
 *
 * **Invariants.** How long it takes and what it costs is said before; nothing begins
 * before that is known.
 */
import { useState } from "preact/hooks";
import { api, Problem as Failure } from "../../api/client.ts";
import type { Expected, StartedRecording } from "../../api/types.ts";
import { Dialog } from "../../parts/dialog.tsx";
import { Icon } from "../../parts/icon.tsx";
import { Problem } from "../../parts/notice.tsx";
import { useLoaded } from "../../parts/pickers/loading.ts";
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
  const expected = useLoaded(isAsking ? `expected ${gateway}` : null, (signal) =>
    api.get<Expected>(`/stack/gateways/${encodeURIComponent(gateway)}/expected`, {}, { signal }),
  );
  const start = async () => {
    setBusy(true);
    setProblem(undefined);
    try {
      const begun = await api.post<StartedRecording>("/stack/recordings", { gateway });
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
  const close = () => {
    setProblem(undefined);
    setAsking(false);
  };
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
            <button
              type="button"
              class="button button-main"
              disabled={isBusy || !expected.value}
              onClick={start}
            >
              {isBusy ? "Starting…" : "Start the recording"}
            </button>
          </>
        }
      >
        <div class="stack">
          <p>
            This starts the stack's workflow as an alarm would: a flow log of the gateway is
            switched on, and CloudWatch Logs bills every byte of its records.
          </p>
          <div aria-live="polite">
            {expected.value ? (
              <ul class="expected" aria-label="What is expected">
                {expected.value.sentences.map((sentence) => (
                  <li key={sentence}>{sentence}</li>
                ))}
              </ul>
            ) : expected.problem ? (
              <Problem error={expected.problem} retry={expected.again} />
            ) : (
              <p class="hint">Asking how long it takes and what it costs…</p>
            )}
          </div>
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
