/**
 * A month whose days can be taken.
 *
 * It follows the pattern of a date grid of the ARIA Authoring Practices: one day is in
 * the tab order, arrows move by days and weeks, Page Up and Page Down by months.
 *
 * **Invariants.** A day is a day on the wall clock of the zone that the caller shows.
 */

import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Day, dayOf, isSameDay, monthsOn, weeks } from "./times.ts";

const MONTHS = [
  "January",
  "February",
  "March",
  "April",
  "May",
  "June",
  "July",
  "August",
  "September",
  "October",
  "November",
  "December",
];
const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/** The month around `at`. */
export function Calendar(props: { at: Day; today: Day; onTake: (day: Day) => void }) {
  const [shown, setShown] = useState(props.at);
  const hasMoved = useRef(false);
  const grid = useRef<HTMLTableElement>(null);
  useEffect(() => setShown(props.at), [props.at.year, props.at.month, props.at.day]);
  // Before the next key comes.
  useLayoutEffect(() => {
    if (hasMoved.current) {
      grid.current?.querySelector<HTMLButtonElement>("[tabindex='0']")?.focus();
      hasMoved.current = false;
    }
  });

  const steps: Record<string, () => Day> = {
    ArrowLeft: () => dayOf(shown.year, shown.month, shown.day - 1),
    ArrowRight: () => dayOf(shown.year, shown.month, shown.day + 1),
    ArrowUp: () => dayOf(shown.year, shown.month, shown.day - 7),
    ArrowDown: () => dayOf(shown.year, shown.month, shown.day + 7),
    PageUp: () => monthsOn(shown, -1),
    PageDown: () => monthsOn(shown, 1),
    Home: () => dayOf(shown.year, shown.month, 1),
    End: () => dayOf(shown.year, shown.month + 1, 0),
  };
  const onKeyDown = (event: KeyboardEvent) => {
    const step = steps[event.key];
    if (step) {
      event.preventDefault();
      hasMoved.current = true;
      setShown(step());
    }
  };

  return (
    <div class="month">
      <div class="month-head">
        <button
          type="button"
          class="button button-small button-quiet"
          aria-label="Month before"
          onClick={() => setShown(monthsOn(shown, -1))}
        >
          ‹
        </button>
        <strong aria-live="polite">
          {MONTHS[shown.month]} {shown.year}
        </strong>
        <button
          type="button"
          class="button button-small button-quiet"
          aria-label="Month after"
          onClick={() => setShown(monthsOn(shown, 1))}
        >
          ›
        </button>
      </div>
      <table ref={grid} onKeyDown={onKeyDown}>
        <thead>
          <tr>
            {DAYS.map((day) => (
              <th key={day} scope="col" abbr={day}>
                {day.slice(0, 2)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {weeks(shown.year, shown.month).map((week) => (
            <tr key={`${week[0]?.month}-${week[0]?.day}`}>
              {week.map((day) => (
                <td key={day.day}>
                  <DayButton
                    day={day}
                    shown={shown}
                    at={props.at}
                    today={props.today}
                    onTake={props.onTake}
                  />
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function DayButton(props: {
  day: Day;
  shown: Day;
  at: Day;
  today: Day;
  onTake: (day: Day) => void;
}) {
  const { day, shown, at, today } = props;
  const isOther = day.month !== shown.month;
  return (
    <button
      type="button"
      tabIndex={isSameDay(day, shown) ? 0 : -1}
      class={isOther ? "other-month" : undefined}
      aria-pressed={isSameDay(day, at)}
      aria-current={isSameDay(day, today) ? "date" : undefined}
      aria-label={`${day.day} ${MONTHS[day.month]} ${day.year}`}
      onClick={() => props.onTake(day)}
    >
      {day.day}
    </button>
  );
}
