/**
 * What the server says of itself, asked once; and the sentence that screen
 * readers hear next.
 */
import { signal } from "@preact/signals";
import { api, Problem } from "../api/client.ts";
import type { Session } from "../api/types.ts";

/** Undefined until it is known. */
export const session = signal<Session | undefined>(undefined);
/** Why it is not known. */
export const sessionProblem = signal<Problem | undefined>(undefined);
/** What was said last in the live region. */
export const announcement = signal("");

/** What the view shows, for the window's title; undefined is the view's own. */
export const shownTitle = signal<string | undefined>(undefined);

/** Says a sentence to screen readers. */
export function announce(sentence: string): void {
  announcement.value = sentence;
}

/** Asks for the session; again after a failure. */
export async function loadSession(): Promise<void> {
  try {
    session.value = await api.get<Session>("/session");
    sessionProblem.value = undefined;
  } catch (cause) {
    sessionProblem.value = Problem.of(cause);
  }
}
