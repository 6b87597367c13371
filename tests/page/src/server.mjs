/**
 * The real program, started for a test in a home of its own and ended by its process id.
 *
 * **Invariants.** It listens on loopback at a port of its choice; nothing of the user's
 * environment, history or AWS configuration reaches it.
 */
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** The repository. */
export const ROOT = resolve(import.meta.dirname, "../../..");

const PROGRAMS = resolve(ROOT, process.env.CARGO_TARGET_DIR ?? "target", "debug");
const START_MILLISECONDS = 20_000;

/** The path of one of our programs. */
export function program(name) {
  return join(PROGRAMS, name);
}

/** A folder for a test, with `data`, which the server may open. */
export function makePlace() {
  const folder = mkdtempSync(join(tmpdir(), "natspike-page-"));
  const place = { folder, data: join(folder, "data"), home: join(folder, "home") };
  mkdirSync(place.data);
  mkdirSync(place.home);
  return { ...place, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

function environment(place) {
  return {
    PATH: process.env.PATH,
    HOME: place.home,
    TMPDIR: place.folder,
    NATSPIKE_STATE_DIR: join(place.home, "state"),
    AWS_EC2_METADATA_DISABLED: "true",
    TZ: "UTC",
  };
}

/** Runs a program to its end; what it printed. */
export function run(place, name, args) {
  const done = spawnSync(program(name), args, {
    cwd: place.data,
    env: environment(place),
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  if (done.status !== 0) {
    throw new Error(`${name} ${args.join(" ")} ended with ${done.status}: ${done.stderr}`);
  }
  return done.stdout;
}

/** `natspike serve` of the place's `data`; `args` beside. */
export async function startServer(place, args = [], paths = ["."]) {
  const child = spawn(program("natspike"), ["serve", ...paths, "--port", "0", ...args], {
    cwd: place.data,
    env: environment(place),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const printed = await firstLine(child);
  const url = new URL(printed);
  const token = url.searchParams.get("token");
  return {
    printed,
    origin: url.origin,
    token,
    /** Asks the API as a program does. */
    async ask(path, init = {}) {
      const headers = { authorization: `Bearer ${token}`, ...init.headers };
      const answer = await fetch(`${url.origin}/api/v1${path}`, { ...init, headers });
      const text = await answer.text();
      return { status: answer.status, text, json: () => JSON.parse(text) };
    },
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        process.kill(child.pid, "SIGKILL");
      }
      await ended;
    },
  };
}

function firstLine(child) {
  return new Promise((resolve, reject) => {
    let [out, err] = ["", ""];
    const late = setTimeout(() => reject(new Error(`no address: ${err}`)), START_MILLISECONDS);
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (out.includes("\n")) {
        clearTimeout(late);
        resolve(out.slice(0, out.indexOf("\n")));
      }
    });
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`natspike serve ended with ${code}: ${err}`)));
  });
}
