/**
 * Tabs and the panel of the one that is chosen.
 *
 * **Invariants.** Arrow keys, Home and End move, as the ARIA pattern for tabs
 * says; only the chosen tab is in the order of Tab.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export interface Tab {
  key: string;
  label: ComponentChildren;
  /** A number beside the label. */
  count?: number | undefined;
}

export interface TabsProps {
  label: string;
  tabs: Tab[];
  current: string;
  onChange: (key: string) => void;
  children: ComponentChildren;
}

export function Tabs({ label, tabs, current, onChange, children }: TabsProps) {
  const id = useId();
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tab = list.current?.querySelector<HTMLElement>("[aria-selected=true]");
    if (list.current && tab) {
      list.current.scrollLeft = scrolledTo(list.current, tab);
    }
  }, [current]);
  const onKey = (event: KeyboardEvent) => {
    const at = tabs.findIndex((tab) => tab.key === current);
    const to = moved(event.key, at, tabs.length);
    const next = to === undefined ? undefined : tabs[to];
    if (next) {
      event.preventDefault();
      onChange(next.key);
      list.current?.querySelectorAll<HTMLElement>("[role=tab]")[to ?? 0]?.focus();
    }
  };
  return (
    <div class="tabs">
      <div class="tab-list" role="tablist" aria-label={label} ref={list} onKeyDown={onKey}>
        {tabs.map((tab) => (
          <button
            type="button"
            key={tab.key}
            role="tab"
            class="tab"
            id={`${id}-${tab.key}`}
            aria-selected={tab.key === current}
            aria-controls={`${id}-panel`}
            tabIndex={tab.key === current ? 0 : -1}
            onClick={() => onChange(tab.key)}
          >
            {tab.label}
            {tab.count === undefined ? null : <span class="tab-count">{tab.count}</span>}
          </button>
        ))}
      </div>
      <div
        class="tab-panel"
        role="tabpanel"
        id={`${id}-panel`}
        aria-labelledby={`${id}-${current}`}
      >
        {children}
      </div>
    </div>
  );
}

/** How far the list is scrolled for the tab to be in sight; the page stays where it is. */
function scrolledTo(list: HTMLElement, tab: HTMLElement): number {
  const left = tab.offsetLeft - list.offsetLeft;
  const right = left + tab.offsetWidth - list.clientWidth;
  return Math.max(right, Math.min(left, list.scrollLeft));
}

function moved(key: string, at: number, many: number): number | undefined {
  switch (key) {
    case "ArrowRight":
      return (at + 1) % many;
    case "ArrowLeft":
      return (at + many - 1) % many;
    case "Home":
      return 0;
    case "End":
      return many - 1;
    default:
      return undefined;
  }
}
