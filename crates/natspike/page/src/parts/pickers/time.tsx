/**
 * A field for a time: typed as the command takes it, or taken from a calendar.
 *
 * **Invariants.** The value is the text: a relative time stays relative until the
 * server reads. What is taken from the calendar is ISO 8601 in UTC, whichever zone it
 * was shown in.
 */
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { time as timeInWords, zone as zoneName } from "../../format/time.ts";
import { localTime } from "../../state/theme.ts";
import { Field, type FieldIds } from "../field.tsx";
import { Icon } from "../icon.tsx";
import { Calendar } from "./calendar.tsx";
import {
  clock,
  type Day,
  isoOf,
  type Meaning,
  meaning,
  secondsOf,
  spanTrouble,
  timeOfDay,
  timeText,
} from "./times.ts";

const present = () => Math.floor(Date.now() / 1000);
const shownZone = () => (localTime.value ? "local" : "utc");

export interface TimeProps {
  label: string;
  value: string;
  onChange: (value: string) => void;
  /** What an empty field means. */
  empty: string;
}

export function Time(props: TimeProps) {
  const [typed, setTyped] = useState(props.value);
  useEffect(() => setTyped(props.value), [props.value]);
  const means = meaning(typed, present());
  const isWrong = means.kind === "wrong";
  return (
    <Field
      label={props.label}
      hint={isWrong ? undefined : inWords(means, props.empty)}
      error={isWrong ? means.message : undefined}
    >
      {(ids) => <Box {...props} ids={ids} means={means} typed={typed} onType={setTyped} />}
    </Field>
  );
}

function inWords(means: Meaning, empty: string): string {
  switch (means.kind) {
    case "relative":
      return `now that is ${timeInWords(means.seconds)}`;
    case "absolute":
      return timeInWords(means.seconds);
    default:
      return empty;
  }
}

interface BoxProps extends TimeProps {
  ids: FieldIds;
  means: Meaning;
  typed: string;
  onType: (text: string) => void;
}

function Box(props: BoxProps) {
  const { ids, means, label, typed, onType, onChange } = props;
  const [isOpen, setOpen] = useState(false);
  const anchor = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);

  useEffect(() => {
    if (!isOpen) {
      return;
    }
    const away = (event: Event) => {
      if (!anchor.current?.contains(event.target as Node)) {
        setOpen(false);
      }
    };
    document.addEventListener("pointerdown", away);
    document.addEventListener("focusin", away);
    return () => {
      document.removeEventListener("pointerdown", away);
      document.removeEventListener("focusin", away);
    };
  }, [isOpen]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === "Escape" && isOpen) {
      event.stopPropagation();
      close();
    }
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: Escape of what is in it closes the calendar.
    <div class="time-box" ref={anchor} onKeyDown={onKeyDown}>
      <input
        {...ids}
        type="text"
        autocomplete="off"
        spellcheck={false}
        placeholder="30m, 2h, 2026-11-20T08:30"
        value={typed}
        onInput={(event) => onType(event.currentTarget.value)}
        onChange={(event) => onChange(event.currentTarget.value.trim())}
      />
      <button
        ref={button}
        type="button"
        class="button"
        aria-expanded={isOpen}
        aria-haspopup="dialog"
        aria-label={`${label}: calendar`}
        title="Calendar"
        onClick={() => setOpen(!isOpen)}
      >
        <Icon name="clock" />
      </button>
      {isOpen ? (
        <CalendarDialog
          label={label}
          seconds={"seconds" in means ? means.seconds : present()}
          onTake={onChange}
          onClose={close}
        />
      ) : null}
    </div>
  );
}

interface CalendarProps {
  label: string;
  seconds: number;
  onTake: (value: string) => void;
  onClose: () => void;
}

function CalendarDialog({ label, seconds, onTake, onClose }: CalendarProps) {
  const id = useId();
  const zone = shownZone();
  const at = clock(seconds, zone);
  const [typed, setTyped] = useState<string | null>(null);
  const dialog = useRef<HTMLDivElement>(null);
  useEffect(() => {
    dialog.current?.querySelector<HTMLButtonElement>("td [tabindex='0']")?.focus();
  }, []);

  const take = (day: Day) => onTake(isoOf(secondsOf({ ...at, ...day }, zone)));
  const takeTime = (text: string) => {
    setTyped(text);
    const time = timeOfDay(text);
    if (time) {
      onTake(isoOf(secondsOf({ ...at, ...time }, zone)));
    }
  };
  const isWrong = typed !== null && timeOfDay(typed) === null;
  return (
    <div ref={dialog} class="time-dialog" role="dialog" aria-label={`${label}: day and time`}>
      <Calendar at={at} today={clock(present(), zone)} onTake={take} />
      <div class="time-dialog-foot">
        <label for={`${id}-time`}>Time</label>
        <input
          id={`${id}-time`}
          type="text"
          inputMode="numeric"
          class="time-clock"
          value={typed ?? timeText(at)}
          aria-invalid={isWrong ? true : undefined}
          onInput={(event) => takeTime(event.currentTarget.value)}
          onBlur={() => setTyped(null)}
          onKeyDown={(event) => {
            if (event.key === "Enter") {
              event.preventDefault();
              onClose();
            }
          }}
        />
        <select
          aria-label="Zone of the times on this page"
          value={zone}
          onChange={(event) => {
            localTime.value = event.currentTarget.value === "local";
          }}
        >
          <option value="utc">UTC</option>
          <option value="local">{`local (${zoneName(true)})`}</option>
        </select>
        <button type="button" class="button button-small" onClick={() => onTake(isoOf(present()))}>
          Now
        </button>
        <button type="button" class="button button-small button-main" onClick={onClose}>
          Done
        </button>
      </div>
    </div>
  );
}

/** Spans that are often asked for. */
const SPANS = [
  ["", "All"],
  ["15m", "Last 15 minutes"],
  ["1h", "Last hour"],
  ["24h", "Last 24 hours"],
  ["7d", "Last 7 days"],
] as const;

export interface SpanProps {
  since: string;
  until: string;
  onChange: (since: string, until: string) => void;
}

/** A beginning and an end. */
export function Span({ since, until, onChange }: SpanProps) {
  const trouble = spanTrouble(since, until, present());
  return (
    <fieldset class="times">
      <legend>When records begin</legend>
      <div class="times-presets">
        {SPANS.map(([text, name]) => (
          <button
            type="button"
            class="button button-small"
            key={name}
            aria-pressed={since === text && until === ""}
            onClick={() => onChange(text, "")}
          >
            {name}
          </button>
        ))}
      </div>
      <div class="fields">
        <Time
          label="From"
          value={since}
          onChange={(value) => onChange(value, until)}
          empty="from the first record on"
        />
        <Time
          label="To, not included"
          value={until}
          onChange={(value) => onChange(since, value)}
          empty="up to the last record"
        />
      </div>
      {trouble ? (
        <p class="field-error" role="alert">
          {trouble}
        </p>
      ) : null}
    </fieldset>
  );
}
