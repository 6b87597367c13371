/**
 * The first view: the stack's recordings, the reports that are open, and the history of
 * investigations at the desk.
 *
 * **Invariants.** AWS is asked only where a stack was named. To start or stop a
 * recording is confirmed, because it costs and is mailed.
 */
import { OpenReports } from "./open-reports.tsx";
import { Queries } from "./queries.tsx";
import { StackRecordings } from "./stack-recordings.tsx";

export function RecordingsView() {
  return (
    <div class="stack">
      <h1>Recordings</h1>
      <StackRecordings />
      <OpenReports title="Open reports" />
      <Queries />
    </div>
  );
}
