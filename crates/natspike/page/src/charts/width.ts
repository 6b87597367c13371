/** How wide an element is, as state of its component. */
import type { RefObject } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";

/** The element's reference and its width in pixels; 0 until it is there. */
export function useWidth<T extends HTMLElement>(): [RefObject<T | null>, number] {
  const element = useRef<T>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const it = element.current;
    if (!it) {
      return;
    }
    setWidth(it.clientWidth);
    const observer = new ResizeObserver(() => setWidth(it.clientWidth));
    observer.observe(it);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
