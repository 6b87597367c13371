/** Small drawings, in the text's colour; all are decoration beside a word or a label. */

const PATHS = {
  copy: "M5.5 5.5v-3h8v8h-3m-8-5h8v8h-8z",
  check: "m3 8.5 3.5 3.5L13 4.5",
  download: "M8 2v8.5M4.5 7.5 8 11l3.5-3.5M2.5 13.5h11",
  filter: "M2.5 3.5h11L9.5 8.5v4l-3 1.5V8.5z",
  more: "M3 8h.01M8 8h.01M13 8h.01",
  close: "m4 4 8 8m0-8-8 8",
  up: "M8 13V3.5M4 7.5l4-4 4 4",
  down: "M8 3v9.5M4 8.5l4 4 4-4",
  next: "m6 3.5 4.5 4.5L6 12.5",
  back: "M10 3.5 5.5 8l4.5 4.5",
  open: "m3.5 6 4.5 4.5L12.5 6",
  warning: "M8 2 1.5 13.5h13zM8 6.5v3.2M8 11.8h.01",
  error: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8zM8 4.8v4M8 11h.01",
  info: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8zM8 7.3v3.9M8 4.8h.01",
  light:
    "M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6zM8 1v1.6m0 10.8V15M1 8h1.6m10.8 0H15M3 3l1.2 1.2m7.6 7.6L13 13m0-10-1.2 1.2M4.2 11.8 3 13",
  dark: "M13.2 9.6A5.6 5.6 0 0 1 6.4 2.8a5.6 5.6 0 1 0 6.8 6.8z",
  system: "M2 3h12v8H2zM5.5 14h5M8 11v3",
  refresh: "M13.2 8A5.2 5.2 0 1 1 11.5 4.2M13 1.8v3h-3",
  stop: "M4 4h8v8H4z",
  swap: "M4.5 13V3.5M2 6l2.5-2.5L7 6m4.5-3v9.5M9 10l2.5 2.5L14 10",
  play: "M5 3.2v9.6L12.5 8z",
  file: "M4 1.8h5l3 3v9.4H4zM9 1.8v3h3",
  folder: "M1.8 3.5h4.4l1.4 1.8h6.6v7.4H1.8z",
  upload: "M8 11V2.8M4.5 6 8 2.5 11.5 6M2.5 13.5h11",
  clock: "M8 1.8a6.2 6.2 0 1 1 0 12.4A6.2 6.2 0 0 1 8 1.8zM8 4.5V8l2.5 1.5",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name, size = 16 }: { name: IconName; size?: number }) {
  return (
    <svg
      class={`icon icon-${name}`}
      viewBox="0 0 16 16"
      width={size}
      height={size}
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
