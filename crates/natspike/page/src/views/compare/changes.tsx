/**
 * What changed between two reports: an hour before to the left, after to the right.
 *
 * **Invariants.** Amounts are the server's; only the lengths of bars are made here, all
 * of a kind by one scale.
 */
import { useState } from "preact/hooks";
import type { Comparison } from "../../api/types.ts";
import { exactMoney, money } from "../../format/money.ts";

type Change = Comparison["changes"][number];

const AT_FIRST = 12;
const TITLES: Record<string, string> = {
  service: "AWS services",
  source: "Sources",
  destination: "Destinations",
  group: "Owners",
  charge: "Charges",
};

/** A table for each kind, in the order in which kinds come. */
export function Changes({ found }: { found: Comparison }) {
  const kinds = [...new Set(found.changes.map((change) => change.kind))];
  return (
    <>
      {kinds.map((kind) => (
        <Kind
          key={kind}
          kind={kind}
          currency={found.currency}
          changes={found.changes.filter((change) => change.kind === kind)}
        />
      ))}
    </>
  );
}

interface KindProps {
  kind: string;
  currency: string;
  changes: Change[];
}

function Kind({ kind, currency, changes }: KindProps) {
  const [isAll, setAll] = useState(false);
  const shown = isAll ? changes : changes.slice(0, AT_FIRST);
  const most = Math.max(...changes.flatMap((change) => [change.before, change.after]));
  return (
    <section class="panel" aria-labelledby={`changes-${kind}`}>
      <h2 id={`changes-${kind}`}>{`${TITLES[kind] ?? kind} that changed`}</h2>
      <section class="table-scroll" tabIndex={0} aria-label={TITLES[kind] ?? kind}>
        <table class="changes">
          <caption>{`USD an hour, the largest changes first`.replace("USD", currency)}</caption>
          <thead>
            <tr>
              <th scope="col">{kind}</th>
              <th scope="col" class="change-before">
                before
              </th>
              <th scope="col">after</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((change) => (
              <tr key={change.name}>
                <th scope="row" class="mono">
                  {change.name === "-" ? `no AWS ${kind}` : change.name} <Fate change={change} />
                </th>
                <td class="change-before" title={exactMoney(change.before, currency)}>
                  {change.before === 0 ? "-" : money(change.before, currency)}
                  <Bar part={change.before / most} isLeft />
                </td>
                <td title={exactMoney(change.after, currency)}>
                  {change.after === 0 ? "-" : money(change.after, currency)}
                  <Bar part={change.after / most} isLeft={false} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </section>
      {changes.length > shown.length ? (
        <button type="button" class="button button-small" onClick={() => setAll(true)}>
          {`Show all ${changes.length}`}
        </button>
      ) : null}
    </section>
  );
}

function Bar({ part, isLeft }: { part: number; isLeft: boolean }) {
  const width = Number.isFinite(part) ? Math.round(part * 1000) : 0;
  return (
    <svg class="bar" viewBox="0 0 1000 10" preserveAspectRatio="none" aria-hidden="true">
      <rect
        class={isLeft ? "bar-before" : "bar-after"}
        x={isLeft ? 1000 - width : 0}
        width={width}
        height="10"
      />
    </svg>
  );
}

function Fate({ change }: { change: Change }) {
  if (change.before === 0 && change.after > 0) {
    return <span class="badge badge-warn">came</span>;
  }
  return change.after === 0 && change.before > 0 ? (
    <span class="badge badge-good">went</span>
  ) : null;
}
