// Numbers, times and durations as the wall shows them. Pure.

// proto3 JSON duration "125.5s" to seconds; undefined when it is none.
export function seconds(duration: string | undefined): number | undefined {
  const match = /^(-?\d+(?:\.\d+)?)s$/.exec(duration ?? '');
  return match ? Number(match[1]) : undefined;
}

// Milliseconds since 1970; undefined when unset or unreadable.
export function instant(time: string | undefined): number | undefined {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? undefined : ms;
}

const two = (n: number): string => String(n).padStart(2, '0');

// "14:03:22" in the wall's own time zone.
export function clockTime(ms: number): string {
  const date = new Date(ms);
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
}

// "14:03".
export function clockMinute(ms: number): string {
  return clockTime(ms).slice(0, 5);
}

// "2026-03-02".
export function calendarDay(ms: number): string {
  const date = new Date(ms);
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

// "2:05"; "1:02:05" from an hour on. Never below 0.
export function minutes(s: number): string {
  const whole = Math.max(0, Math.round(s));
  const h = Math.floor(whole / 3600);
  const m = Math.floor((whole % 3600) / 60);
  return h > 0 ? `${h}:${two(m)}:${two(whole % 60)}` : `${m}:${two(whole % 60)}`;
}

// 0.8344 -> "83.4". Rounded down, so that 100 means all of it.
export function percent(ratio: number): string {
  const tenths = Math.floor(ratio * 1000 + 1e-9);
  return tenths >= 1000 ? '100' : `${Math.floor(tenths / 10)}.${tenths % 10}`;
}

// "83.4–88.1%": covered, and with what is unknown; one figure where they are alike.
export function coveredText(span: { coveredRatio: number; coveredOrUnknownRatio: number }): string {
  const low = percent(span.coveredRatio);
  const high = percent(span.coveredOrUnknownRatio);
  return low === high ? `${low}%` : `${low}–${high}%`;
}

// Metres as kilometres, "128.4".
export function kilometres(m: number): string {
  return (m / 1000).toFixed(m < 100_000 ? 1 : 0);
}

// The colour band of an arrival time.
export type Band = 'quick' | 'near' | 'far' | 'late';
export function band(arrivalS: number): Band {
  if (arrivalS <= 60) return 'quick';
  if (arrivalS <= 120) return 'near';
  return arrivalS <= 180 ? 'far' : 'late';
}

// "cameras/n-042" -> "n-042".
export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1);
}
