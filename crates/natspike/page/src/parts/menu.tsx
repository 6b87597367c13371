/**
 * A button with a menu.
 *
 * **Invariants.** Arrow keys move, Escape closes and gives the focus back, a
 * click elsewhere closes. The list is fixed at its button, so that no region
 * that scrolls cuts it off.
 */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useLayoutEffect, useRef, useState } from "preact/hooks";

export interface MenuItem {
  label: ComponentChildren;
  /** Goes somewhere or downloads; else `onSelect` is called. */
  href?: string;
  download?: boolean;
  onSelect?: () => void;
}

export interface MenuProps {
  /** What is in the button. */
  children: ComponentChildren;
  items: MenuItem[];
  /** The button's name, where what is in it is not one. */
  label?: string;
  class?: string;
}

export function Menu({ children, items, label, class: look = "button" }: MenuProps) {
  const id = useId();
  const [isOpen, setOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const list = useRef<HTMLDivElement>(null);

  const close = (back: boolean) => {
    setOpen(false);
    if (back) {
      button.current?.focus();
    }
  };

  useLayoutEffect(() => {
    if (isOpen && list.current && button.current) {
      settle(list.current, button.current.getBoundingClientRect());
      list.current.querySelector<HTMLElement>("[role=menuitem]")?.focus({ preventScroll: true });
    }
  }, [isOpen]);

  useEffect(() => {
    if (!isOpen) {
      return;
    }
    const away = (event: Event) => {
      const target = event.target as Node;
      if (!list.current?.contains(target) && !button.current?.contains(target)) {
        setOpen(false);
      }
    };
    const scrolled = () => setOpen(false);
    document.addEventListener("pointerdown", away);
    window.addEventListener("scroll", scrolled, { capture: true, passive: true });
    window.addEventListener("resize", scrolled);
    return () => {
      document.removeEventListener("pointerdown", away);
      window.removeEventListener("scroll", scrolled, { capture: true });
      window.removeEventListener("resize", scrolled);
    };
  }, [isOpen]);

  const onKey = (event: KeyboardEvent) => {
    const all = [...(list.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];
    const at = all.indexOf(document.activeElement as HTMLElement);
    const step = { ArrowDown: 1, ArrowUp: all.length - 1 }[event.key];
    if (step !== undefined) {
      event.preventDefault();
      all[(at + step) % all.length]?.focus();
    } else if (event.key === "Escape") {
      event.stopPropagation();
      close(true);
    } else if (event.key === "Tab") {
      close(false);
    }
  };

  const choose = (item: MenuItem) => {
    close(true);
    item.onSelect?.();
  };

  return (
    <span class="menu">
      <button
        type="button"
        ref={button}
        class={look}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        aria-label={label}
        title={label}
        onClick={() => setOpen(!isOpen)}
      >
        {children}
      </button>
      {isOpen ? (
        <div class="menu-list" role="menu" id={id} ref={list} onKeyDown={onKey} tabIndex={-1}>
          {items.map((item, at) =>
            item.href ? (
              <a
                key={at}
                role="menuitem"
                class="menu-item"
                tabIndex={-1}
                href={item.href}
                download={item.download ? "" : undefined}
                onClick={() => close(true)}
              >
                {item.label}
              </a>
            ) : (
              <button
                type="button"
                key={at}
                role="menuitem"
                class="menu-item"
                tabIndex={-1}
                onClick={() => choose(item)}
              >
                {item.label}
              </button>
            ),
          )}
        </div>
      ) : null}
    </span>
  );
}

/** Below the button, or above where there is no room; never out of sight. */
function settle(list: HTMLElement, at: DOMRect): void {
  list.style.left = "0";
  const { offsetWidth: width, offsetHeight: height } = list;
  const below = at.bottom + 4;
  const top = below + height > window.innerHeight ? Math.max(4, at.top - 4 - height) : below;
  const left = Math.max(4, Math.min(at.left, window.innerWidth - width - 8));
  list.style.top = `${top}px`;
  list.style.left = `${left}px`;
}
