/**
 * Requests to the server's API, `/api/v1`.
 *
 * **Invariants.** Every failure is a [`Problem`] with a sentence for the user;
 * integers beyond 2^53 come as text. No token is handled here: the browser
 * sends the cookie.
 */
import { parseExact } from "./exact.ts";
import type { Upload } from "./types.ts";

export const BASE = "/api/v1";

/** What a parameter may be; lists become repeated keys, nothing is left out. */
export type Params = Record<
  string,
  string | number | boolean | readonly (string | number)[] | null | undefined
>;

export interface Options {
  signal?: AbortSignal;
}

interface ProblemBody {
  title?: string;
  status?: number;
  detail?: string;
  name?: string;
}

/** What went wrong, in the server's words where it said some. */
export class Problem extends Error {
  readonly title: string;
  readonly detail: string;
  override readonly name: string;
  readonly status: number;

  constructor(body: ProblemBody) {
    super(body.detail ?? body.title ?? "unknown failure");
    this.title = body.title ?? "It did not work";
    this.detail = body.detail ?? "The server gave no reason; its terminal may say more.";
    this.name = body.name ?? "Unknown";
    this.status = body.status ?? 0;
  }

  /** Any thrown value as a problem. */
  static of(cause: unknown): Problem {
    if (cause instanceof Problem) {
      return cause;
    }
    if (cause instanceof TypeError) {
      return new Problem({
        title: "The server does not answer",
        detail: "See whether natspike serve still runs in its terminal, then try again.",
        name: "Unreachable",
      });
    }
    const said = cause instanceof Error ? cause.message : String(cause);
    return new Problem({ title: "It did not work", detail: said });
  }
}

/** True of what an AbortController ended. */
export function isAborted(cause: unknown): boolean {
  return cause instanceof DOMException && cause.name === "AbortError";
}

/** The address of an API path, e.g. for a link that downloads. */
export function address(path: string, params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    const all = Array.isArray(value) ? value : [value];
    for (const one of all) {
      if (one !== null && one !== undefined && one !== "") {
        query.append(key, String(one));
      }
    }
  }
  const text = query.toString();
  const full = path.startsWith(BASE) ? path : BASE + path;
  return text ? `${full}?${text}` : full;
}

async function send<T>(url: string, init: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(url, { credentials: "same-origin", ...init });
  } catch (cause) {
    throw isAborted(cause) ? cause : Problem.of(cause);
  }
  const text = await answer.text();
  if (!answer.ok) {
    throw failure(answer.status, text);
  }
  try {
    return (text ? parseExact(text) : undefined) as T;
  } catch {
    throw new Problem({
      title: "The answer is not JSON",
      detail: `Another program may answer at this address (${url}); start natspike serve again.`,
      name: "NotJson",
      status: answer.status,
    });
  }
}

function failure(status: number, text: string): Problem {
  try {
    const body = JSON.parse(text) as ProblemBody;
    return new Problem({ ...body, status });
  } catch {
    if (status === 401 || status === 403) {
      return new Problem({
        title: "Not signed in",
        detail: "Open the address that natspike serve printed, with its token, once more.",
        name: "NotSignedIn",
        status,
      });
    }
    return new Problem({ title: `The server answered ${status}`, detail: text.trim(), status });
  }
}

/** The verbs of the API. */
export const api = {
  get<T>(path: string, params?: Params, options: Options = {}): Promise<T> {
    return send<T>(address(path, params), {
      headers: { accept: "application/json" },
      signal: options.signal ?? null,
    });
  },

  post<T>(path: string, body?: unknown, options: Options & { params?: Params } = {}): Promise<T> {
    return send<T>(address(path, options.params), {
      method: "POST",
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify(body ?? {}),
      signal: options.signal ?? null,
    });
  },

  remove<T = void>(path: string, options: Options = {}): Promise<T> {
    return send<T>(address(path), { method: "DELETE", signal: options.signal ?? null });
  },

  /** Sends a file; `onProgress` gets the part that has gone, 0 to 1. */
  upload(
    file: File,
    kind: Upload["kind"],
    onProgress: (part: number) => void = () => {},
    options: Options = {},
  ): Promise<Upload> {
    return new Promise((resolve, reject) => {
      const request = new XMLHttpRequest();
      request.open("POST", address("/uploads", { name: file.name, kind }));
      request.setRequestHeader("content-type", "application/octet-stream");
      request.upload.onprogress = (event) =>
        event.lengthComputable && onProgress(event.loaded / event.total);
      request.onload = () =>
        request.status < 300
          ? resolve(parseExact<Upload>(request.responseText))
          : reject(failure(request.status, request.responseText));
      request.onerror = () => reject(Problem.of(new TypeError("network")));
      request.onabort = () => reject(new DOMException("aborted", "AbortError"));
      options.signal?.addEventListener("abort", () => request.abort());
      request.send(file);
    });
  },
};
