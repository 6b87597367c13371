/**
 * How the cost adds up: a line for each charge, with its arithmetic.
 *
 * **Invariants.** Amounts are the engine's. A line without a price stays, as
 * not priced, with the reason.
 */
import type { Charge, Report } from "../../api/types.ts";
import { exactBytes, integer } from "../../format/bytes.ts";
import { exactMoney, money, price } from "../../format/money.ts";
import { type Column, DataTable } from "../../parts/data-table.tsx";

export function Charges({ report, csvHref }: { report: Report; csvHref: string }) {
  const { cost } = report;
  const atLeast = cost.full_is_without.length > 0 ? "at least " : "";
  const hourly =
    cost.full_per_hour === null
      ? ""
      : `, ${atLeast}${money(cost.full_per_hour, cost.currency)} an hour`;
  return (
    <div class="stack">
      <p class="sentence">
        Together {atLeast}
        <strong title={exactMoney(cost.full, cost.currency)}>
          {money(cost.full, cost.currency)}
        </strong>
        {hourly}. A GB is {integer(cost.bytes_per_gb)} bytes.
        {atLeast ? ` Without a price: ${unpriced(report)}.` : ""}
      </p>
      <DataTable
        columns={columns(report)}
        rows={report.charges}
        caption="Charges: quantity x price = amount"
        csvHref={csvHref}
        rowKey={(row, at) => `${row.name} ${at}`}
      />
    </div>
  );
}

function unpriced(report: Report): string {
  const labels = report.charges.filter((charge) => charge.amount === null);
  return [...new Set(labels.map((charge) => charge.label))].join(", ");
}

function columns(report: Report): Column<Charge>[] {
  const { currency } = report.cost;
  return [
    {
      key: "label",
      label: "Charge",
      wide: true,
      render: (row) => (
        <>
          {row.label}
          {row.note ? <span class="hint beside">{row.note}</span> : null}
        </>
      ),
    },
    { key: "quantity", label: "Quantity", number: true, render: quantity },
    {
      key: "price",
      label: "Price",
      number: true,
      render: (row) =>
        row.price === null ? (
          <span class="hint">not priced</span>
        ) : (
          `${price(row.price, currency)} a ${row.unit}`
        ),
    },
    {
      key: "amount",
      label: "Amount",
      number: true,
      render: (row) =>
        row.amount === null ? <span class="hint">unknown</span> : money(row.amount, currency),
      title: (row) => exactMoney(row.amount, currency),
    },
    {
      key: "hourly",
      label: "An hour",
      number: true,
      render: (row) =>
        row.hourly === null ? <span class="hint">unknown</span> : money(row.hourly, currency),
      title: (row) => exactMoney(row.hourly, currency),
    },
    {
      key: "price_source",
      label: "Source of the price",
      wide: true,
      render: (row) => (
        <>
          {row.price_source ?? <span class="hint">none</span>}
          {row.price_as_of ? <span class="hint beside">as of {row.price_as_of}</span> : null}
        </>
      ),
    },
  ];
}

function quantity(row: Charge): string {
  if (row.bytes !== null) {
    const sides = row.sides !== null && row.sides > 1 ? `, on each of ${row.sides} sides` : "";
    return `${exactBytes(row.bytes)}${sides}`;
  }
  const time = row.seconds === null ? "unknown time" : `${integer(row.seconds)} s`;
  const gateways = row.gateways === null ? "unknown gateways" : `${integer(row.gateways)} gateways`;
  return row.gateways === 1 ? time : `${time} x ${gateways}`;
}
