/**
 * A stage for the tests of a theme: a server, a browser, and scenes that are played
 * before a page.
 *
 * **Invariants.** A scene fails on every error in the console or in a script, on every
 * request to anybody but the server and on every breach of the Content-Security-Policy,
 * unless it says which it expects.
 */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { after, test } from "node:test";
import { chromium } from "playwright-core";
import { makePlace, startServer } from "./server.mjs";

const CHROMIUM = process.env.NATSPIKE_CHROMIUM ?? "/usr/bin/chromium";
const ARGUMENTS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const SIZE = { width: 1280, height: 900 };
/** What a wait may take on a busy machine. */
const PATIENCE = 15_000;

/** The browser; its user data are a new, empty folder. */
export function launch() {
  if (!existsSync(CHROMIUM)) {
    throw new Error(`there is no ${CHROMIUM}: install chromium, or name one in NATSPIKE_CHROMIUM`);
  }
  return chromium.launch({ executablePath: CHROMIUM, args: ARGUMENTS });
}

/** A stage; `prepare` puts files into the place, `args` are for `natspike serve`. */
export async function setStage({ prepare = () => {}, args = () => [], paths } = {}) {
  const place = makePlace();
  const facts = prepare(place);
  const server = await startServer(place, args(place), paths);
  const browser = await launch();
  after(async () => {
    await browser.close();
    await server.stop();
    place.remove();
  });
  const stage = { place, facts, server, browser };
  return {
    ...stage,
    /** A test; `expects` are patterns of the troubles that belong to it. */
    scene(name, play, { expects = [], ...how } = {}) {
      test(name, async () => {
        const { page, context, troubles } = await visit(stage, how);
        try {
          await play({ ...stage, page, context });
          const isExpected = (trouble) => expects.some((pattern) => pattern.test(trouble));
          assert.deepEqual(
            troubles.filter((trouble) => !isExpected(trouble)),
            [],
            "the page had troubles",
          );
        } finally {
          await context.close();
        }
      });
    },
  };
}

/** A page of its own that is signed in. */
export async function visit(
  { browser, server },
  { size = SIZE, theme = "light", isSignedOut, ...more } = {},
) {
  const context = await browser.newContext({
    viewport: size,
    colorScheme: theme,
    locale: "en-GB",
    timezoneId: "UTC",
    reducedMotion: "reduce",
    ...more,
  });
  context.setDefaultTimeout(PATIENCE);
  const troubles = [];
  const page = await context.newPage();
  await page.addInitScript(() => {
    document.addEventListener("securitypolicyviolation", (event) =>
      console.error(`CSP ${event.violatedDirective} ${event.blockedURI}`),
    );
  });
  watch(page, server.origin, troubles);
  if (!isSignedOut) {
    await page.goto(server.printed);
    await page.waitForURL((url) => url.search === "");
  }
  return { context, page, troubles };
}

function watch(page, origin, troubles) {
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warning") {
      troubles.push(
        `${message.type()} in the console: ${message.text()} ${message.location().url}`,
      );
    }
  });
  page.on("pageerror", (error) => troubles.push(`error: ${error.stack ?? error}`));
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(`${origin}/`) && !/^(blob|data):/.test(url)) {
      troubles.push(`request elsewhere: ${url}`);
    }
  });
}
