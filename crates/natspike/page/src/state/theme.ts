/**
 * Light, dark, or as the system is; and whether times are UTC or local.
 *
 * **Invariants.** A choice is kept in this browser only, and a browser that
 * keeps nothing still works.
 */
import { effect, signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";

const THEMES: readonly Theme[] = ["system", "light", "dark"];

/** Reads what was kept; undefined where nothing is or storage is shut. */
export function kept(key: string): string | undefined {
  try {
    return localStorage.getItem(`natspike.${key}`) ?? undefined;
  } catch {
    return undefined;
  }
}

/** Keeps a choice, where the browser lets it. */
export function keep(key: string, value: string): void {
  try {
    localStorage.setItem(`natspike.${key}`, value);
  } catch {
    // A browser without storage forgets the choice, nothing else.
  }
}

const first = kept("theme");
export const theme = signal<Theme>(THEMES.find((one) => one === first) ?? "system");
/** True where times are shown in the browser's zone. */
export const localTime = signal(kept("time") === "local");

if (typeof document !== "undefined") {
  effect(() => {
    keep("theme", theme.value);
    document.documentElement.dataset.theme = theme.value;
  });
  effect(() => keep("time", localTime.value ? "local" : "utc"));
}
