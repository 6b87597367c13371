/**
 * How far a job is, and the button that ends it.
 *
 * **Invariants.** Without a known total the bar says so and shows no share.
 */
import { useEffect, useRef } from "preact/hooks";
import type { Job } from "../api/types.ts";
import { bytes, integer } from "../format/bytes.ts";
import { milliseconds } from "../format/time.ts";
import { announce } from "../state/session.ts";
import { Icon } from "./icon.tsx";

/** The part that is done, 0 to 1; undefined where no total is known. */
export function partDone(job: Job): number | undefined {
  const { bytes, total_bytes, files, total_files } = job.progress;
  if (Number(total_bytes) > 0) {
    return Math.min(1, Number(bytes) / Number(total_bytes));
  }
  return total_files > 0 ? Math.min(1, files / total_files) : undefined;
}

export interface JobProgressProps {
  job: Job | undefined;
  label?: string;
  onCancel?: () => void;
}

export function JobProgress({ job, label = "Reading", onCancel }: JobProgressProps) {
  const part = job && partDone(job);
  const percent = part === undefined ? undefined : Math.floor(part * 100);
  const bar = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (bar.current) {
      bar.current.style.inlineSize = `${percent ?? 30}%`;
    }
  }, [percent]);
  const tenth = percent === undefined ? undefined : Math.floor(percent / 10) * 10;
  useEffect(() => {
    announce(tenth === undefined ? `${label}…` : `${label}: ${tenth} percent`);
  }, [tenth, label]);
  return (
    <div class="progress">
      <div class="progress-head">
        <span>
          {label}
          {percent === undefined ? "…" : ` ${percent} %`}
        </span>
        {onCancel ? (
          <button type="button" class="button button-small" onClick={onCancel}>
            <Icon name="stop" /> Cancel
          </button>
        ) : null}
      </div>
      <div
        class="progress-bar"
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
      >
        <div ref={bar} class={percent === undefined ? "progress-part unknown" : "progress-part"} />
      </div>
      {job ? <p class="hint">{doing(job)}</p> : null}
    </div>
  );
}

/** Records a second, once there is time enough to say it. */
function rate({ progress: { records, milliseconds: time } }: Job): string | undefined {
  const many = time >= 500 ? Math.round((Number(records) * 1000) / time) : 0;
  return many > 0 ? `${integer(many)} records a second` : undefined;
}

function doing(job: Job): string {
  const { files, total_files, bytes: read, total_bytes, records } = job.progress;
  const said = [
    total_files > 1 ? `${files} of ${total_files} files` : undefined,
    Number(total_bytes) > 0 ? `${bytes(read)} of ${bytes(total_bytes)}` : bytes(read),
    `${integer(records)} records`,
    rate(job),
    milliseconds(job.progress.milliseconds),
  ];
  return said.filter((one) => one !== undefined).join(" · ");
}
