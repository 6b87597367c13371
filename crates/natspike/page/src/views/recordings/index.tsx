/** The view `recordings`. */

export function RecordingsView() {
  return <h1>Recordings</h1>;
}
