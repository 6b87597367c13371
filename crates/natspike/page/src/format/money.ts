/**
 * Money in words.
 *
 * **Invariants.** The amounts are the engine's; here they are only written.
 * What is more than nothing never reads 0.00, and what is unknown reads so.
 */

const SIGNS: Record<string, string> = { USD: "$", CNY: "CN¥" };
const SMALLEST = 1e-10;

/** `$11.60`, `$0.0045`, `$0.00000044`: two digits that count below a cent. */
export function money(amount: number | null | undefined, currency = "USD"): string {
  if (amount === null || amount === undefined) {
    return "unknown";
  }
  const sign = SIGNS[currency] ?? `${currency} `;
  const minus = amount < 0 ? "−" : "";
  return `${minus}${sign}${digits(Math.abs(amount))}`;
}

function digits(amount: number): string {
  if (amount === 0) {
    return "0";
  }
  if (amount < SMALLEST) {
    return `< ${SMALLEST.toFixed(10)}`;
  }
  const places = amount >= 0.995 ? 2 : Math.min(10, 1 - Math.floor(Math.log10(amount)));
  return amount.toLocaleString("en-US", {
    minimumFractionDigits: 2,
    maximumFractionDigits: Math.max(2, places),
  });
}

/** All digits that the engine gave, for a title. */
export function exactMoney(amount: number | null | undefined, currency = "USD"): string {
  if (amount === null || amount === undefined) {
    return "unknown";
  }
  const text = amount.toFixed(10).replace(/0+$/, "").replace(/\.$/, "");
  return `${text} ${currency}`;
}

/** A price with all its digits: `$0.045`. */
export function price(amount: number, currency = "USD"): string {
  return `${SIGNS[currency] ?? `${currency} `}${amount.toLocaleString("en-US", { maximumFractionDigits: 10 })}`;
}
