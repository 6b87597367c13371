/**
 * Where the user is: the part of the address after `#`, as signals.
 *
 * **Invariants.** The address holds the whole state of a view, so that a copy
 * of it shows the same. Keys may repeat. A change that is one of many (a brush,
 * a page) replaces the entry; one that the user may want to take back adds one.
 */
import { computed, signal } from "@preact/signals";

/** A change of parameters: null takes the key away, a list repeats it. */
export type Changes = Record<
  string,
  string | number | boolean | readonly string[] | null | undefined
>;

export interface How {
  /** Puts the new address in the place of the old one. */
  replace?: boolean;
}

export interface Place {
  view: string;
  rest: string;
  params: URLSearchParams;
}

/** The parts of a `#/view/rest?params`. */
export function readHash(hash: string): Place {
  const text = hash.replace(/^#?\/?/, "");
  const at = text.indexOf("?");
  const path = at < 0 ? text : text.slice(0, at);
  const slash = path.indexOf("/");
  return {
    view: slash < 0 ? path : path.slice(0, slash),
    rest: slash < 0 ? "" : decode(path.slice(slash + 1)),
    params: new URLSearchParams(at < 0 ? "" : text.slice(at + 1)),
  };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The parameters after changes; the order of the others stays. */
export function changed(params: URLSearchParams, changes: Changes): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [key, value] of Object.entries(changes)) {
    next.delete(key);
    const all = Array.isArray(value) ? value : [value];
    for (const one of all) {
      if (one !== null && one !== undefined && one !== "" && one !== false) {
        next.append(key, String(one));
      }
    }
  }
  return next;
}

/** The `#/…` of a view, for links. */
export function href(view: string, params: Changes | URLSearchParams = {}): string {
  const query = params instanceof URLSearchParams ? params : changed(new URLSearchParams(), params);
  const text = query.toString();
  return text ? `#/${view}?${text}` : `#/${view}`;
}

const hash = signal(typeof location === "undefined" ? "" : location.hash);
const place = computed(() => readHash(hash.value));

/** The view's name, e.g. `report`; empty is the first view. */
export const route = computed(() => place.value.view);
/** What follows the view's name, e.g. the id in `query/1bg0q8v3`. */
export const rest = computed(() => place.value.rest);
/** The view's parameters; do not change them, see [`setParams`]. */
export const params = computed(() => place.value.params);

/** Goes to a view; `view` may have a rest, e.g. `query/1bg0q8v3`. */
export function go(view: string, to: Changes | URLSearchParams = {}, how: How = {}): void {
  const next = href(view, to);
  if (next === hash.value) {
    return;
  }
  if (how.replace) {
    history.replaceState(null, "", next);
  } else {
    history.pushState(null, "", next);
  }
  hash.value = next;
}

/** Changes parameters of the view that is shown. */
export function setParams(changes: Changes, how: How = {}): void {
  const { view, rest } = place.value;
  const path = rest ? `${view}/${encodeURIComponent(rest)}` : view;
  go(path, changed(params.value, changes), how);
}

if (typeof window !== "undefined") {
  const follow = () => {
    hash.value = location.hash;
  };
  window.addEventListener("hashchange", follow);
  window.addEventListener("popstate", follow);
}
