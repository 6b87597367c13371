/**
 * Whether a text has the form of what a field takes.
 *
 * **Invariants.** Only forms are looked at, so that a slip is said at its field; what
 * the server takes it decides. Each answer is a sentence, or nothing.
 */

const FOUR = /^(\d{1,3})(\.\d{1,3}){3}$/;

function isFour(text: string): boolean {
  return FOUR.test(text) && text.split(".").every((part) => Number(part) <= 255);
}

function isSix(text: string): boolean {
  if (!/^[0-9a-f:]+(\d+(\.\d+){3})?$/i.test(text) || !text.includes(":")) {
    return false;
  }
  const halves = text.split("::");
  const groups = text.split(":").filter(Boolean);
  return (
    halves.length <= 2 &&
    groups.every((group) => group.length <= 4 || isFour(group)) &&
    (halves.length === 2 ? groups.length < 8 : groups.length === 8)
  );
}

/** An address. */
export function addressTrouble(text: string): string | null {
  return isFour(text) || isSix(text)
    ? null
    : `"${text}" is no address; write one such as 10.0.1.5 or 2001:db8::5.`;
}

/** An address or a network. */
export function networkTrouble(text: string): string | null {
  const [address = "", length, more] = text.split("/");
  const most = isFour(address) ? 32 : 128;
  const isLength = length === undefined || (/^\d+$/.test(length) && Number(length) <= most);
  return more === undefined && isLength && (isFour(address) || isSix(address))
    ? null
    : `"${text}" is no address or network; write one such as 10.0.1.5 or 10.0.0.0/16.`;
}

/** A network; `10.120.` stands for 10.120.0.0/16. */
export function cidrTrouble(text: string): string | null {
  return /^(\d{1,3}\.){1,3}$/.test(text) || (text.includes("/") && !networkTrouble(text))
    ? null
    : `"${text}" is no network; write one such as 10.0.0.0/16.`;
}

/** An instance's id. */
export function instanceTrouble(text: string): string | null {
  return /^i-[0-9a-f]{8,17}$/.test(text)
    ? null
    : `"${text}" is no instance id; write one such as i-0123456789abcdef0.`;
}

/** A port. */
export function portTrouble(text: string): string | null {
  return /^\d{1,5}$/.test(text) && Number(text) <= 65_535
    ? null
    : `"${text}" is no port; write a number from 0 to 65535.`;
}

/** A number without a fraction. */
export function wholeTrouble(text: string): string | null {
  return /^\d{1,15}$/.test(text) ? null : `"${text}" is no whole number; write one such as 100.`;
}

/** A price of a gigabyte. */
export function rateTrouble(text: string): string | null {
  return /^\d+(\.\d+)?$/.test(text)
    ? null
    : `"${text}" is no price; write USD for a gigabyte, such as 0.045.`;
}
