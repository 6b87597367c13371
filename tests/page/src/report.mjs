/** What the tests do with the view `report`, and read from it. */
import { expectEventually } from "./waiting.mjs";

/** A number as the page writes it with all digits. */
export function exactBytes(count) {
  return `${BigInt(count).toLocaleString("en-US")} bytes`;
}

/** An amount as the page writes it with all digits. */
export function exactMoney(amount, currency = "USD") {
  return `${amount.toFixed(10).replace(/0+$/, "").replace(/\.$/, "")} ${currency}`;
}

/** The address of a view. */
export function addressOf(server, view, params = {}) {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    for (const one of [value].flat()) {
      query.append(key, String(one));
    }
  }
  return `${server.origin}/#/${view}${query.size > 0 ? `?${query}` : ""}`;
}

/** Goes to a view by its address. */
export async function show(page, server, view, params) {
  await page.goto(addressOf(server, view, params));
}

/** The path by which the server knows a file of the place. */
export async function pathOf(server, name) {
  const roots = (await server.ask("/files")).json();
  const root = roots.entries[0].path;
  const folder = (await server.ask(`/files?path=${encodeURIComponent(root)}`)).json();
  return folder.entries.find((entry) => entry.name === name).path;
}

/** Opens the report of a file and waits until it is there. */
export async function showReport(page, server, name, params = {}) {
  await show(page, server, "report", { source: await pathOf(server, name), ...params });
  await settled(page);
}

/** Milliseconds without a change after which nothing more is expected. */
const QUIET = 200;

/** Waits until the report is read and everything on it is of it. */
export async function settled(page) {
  await page.locator(".figures").waitFor();
  // For a while, because the page answers a new address only after a moment.
  await page.evaluate(() => {
    window.stillSince = undefined;
  });
  await page.waitForFunction((quiet) => {
    const isStill =
      !document.querySelector("[aria-busy=true], .dimmed, .reading") &&
      !document.body.innerText.includes("Reading…");
    window.stillSince = isStill ? (window.stillSince ?? performance.now()) : undefined;
    return isStill && performance.now() - window.stillSince > quiet;
  }, QUIET);
}

/** The parameters in the address. */
export function paramsOf(page) {
  const hash = new URL(page.url()).hash;
  return new URLSearchParams(hash.includes("?") ? hash.slice(hash.indexOf("?")) : "");
}

/** The figure below a heading, with all its digits. */
export function figure(page, name) {
  return page
    .locator(".figure")
    .filter({ has: page.locator("dt", { hasText: new RegExp(`^${name}$`) }) })
    .locator("dd")
    .first();
}

/** Waits until a figure's digits are these. */
export async function expectFigure(page, name, digits) {
  await expectEventually(() => figure(page, name).getAttribute("title"), digits, name);
}

/** The rows of a table: the words of each cell, by heading. */
export function rowsOf(table) {
  return table.evaluate((element) => {
    const words = (cell) => cell.innerText.trim().replace(/\s+/g, " ");
    const heads = [...element.querySelectorAll("thead th")].map(words);
    return [...element.querySelectorAll("tbody tr")].map((row) =>
      Object.fromEntries(
        [...row.children].map((cell, at) => [heads[at], { text: words(cell), title: cell.title }]),
      ),
    );
  });
}
