/** A share in words, with a bar of its length. */
import { useEffect, useRef } from "preact/hooks";
import { percent } from "../../format/bytes.ts";

export function Share({ share }: { share: number | null | undefined }) {
  const bar = useRef<HTMLSpanElement>(null);
  const width = Math.min(1, Math.max(0, share ?? 0));
  useEffect(() => {
    if (bar.current) {
      bar.current.style.inlineSize = `${width * 100}%`;
    }
  }, [width]);
  return (
    <span class="share">
      {percent(share)}
      <span class="share-room" aria-hidden="true">
        <span ref={bar} class="share-bar" />
      </span>
    </span>
  );
}
