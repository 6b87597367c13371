/** Waiting until something is as it should be, and saying what it was if it never is. */
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";

const PATIENCE = 10_000;
const STEP = 50;

/** Asks again until the answer is what is expected. */
export async function expectEventually(ask, expected, what) {
  const end = Date.now() + PATIENCE;
  let last = await ask();
  while (Date.now() < end && !isSame(last, expected)) {
    await pause(STEP);
    last = await ask();
  }
  assert.deepEqual(last, expected, what);
}

function isSame(one, other) {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}
