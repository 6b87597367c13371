/**
 * Sentences that need attention: a notice, a problem, an empty place.
 *
 * **Invariants.** Each says what to do next. An error is an alert, the others
 * are read when reached.
 */
import type { ComponentChildren } from "preact";
import type { Problem as Failure } from "../api/client.ts";
import { Icon } from "./icon.tsx";

export interface NoticeProps {
  kind?: "info" | "warning" | "error";
  title: ComponentChildren;
  action?: ComponentChildren;
  children?: ComponentChildren;
}

export function Notice({ kind = "info", title, action, children }: NoticeProps) {
  return (
    <div class={`notice notice-${kind}`} role={kind === "error" ? "alert" : undefined}>
      <Icon name={kind} />
      <div class="notice-text">
        <div class="notice-title">{title}</div>
        {children}
      </div>
      {action ? <div class="notice-action">{action}</div> : null}
    </div>
  );
}

export interface ProblemProps {
  error: Failure;
  retry?: () => void;
  /** Another way on. */
  action?: ComponentChildren;
}

/** What went wrong, and trying again. */
export function Problem({ error, retry, action }: ProblemProps) {
  const again = retry ? (
    <button type="button" class="button" onClick={retry}>
      <Icon name="refresh" /> Try again
    </button>
  ) : null;
  const ways = again || action ? [again, action] : null;
  return (
    <Notice kind="error" title={error.title} action={ways}>
      <p class="sentence">{error.detail}</p>
    </Notice>
  );
}

export interface EmptyProps {
  title: ComponentChildren;
  children?: ComponentChildren;
  action?: ComponentChildren;
}

/** A place with nothing in it yet. */
export function Empty({ title, children, action }: EmptyProps) {
  return (
    <div class="empty">
      <p class="empty-title">{title}</p>
      {children ? <div class="empty-text">{children}</div> : null}
      {action ? <div class="empty-action">{action}</div> : null}
    </div>
  );
}
