/** Whether the window is narrow, as state of a component. */
import { useEffect, useState } from "preact/hooks";

/** True in a window of at most so many pixels. */
export function useNarrow(pixels: number): boolean {
  const query = `(max-width: ${pixels}px)`;
  const [isNarrow, setNarrow] = useState(() => matchMedia(query).matches);
  useEffect(() => {
    const media = matchMedia(query);
    const change = () => setNarrow(media.matches);
    change();
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, [query]);
  return isNarrow;
}
