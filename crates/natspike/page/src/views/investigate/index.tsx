/** The view `investigate`. */

export function InvestigateView() {
  return <h1>Investigate</h1>;
}
