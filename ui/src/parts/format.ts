/** `5f0c2ba1…` as `5F0C 2BA1 …`, to be compared by eye. */
export function groupsOfFour(hex: string): string {
  return (
    hex
      .replace(/[^0-9a-f]/gi, '')
      .toUpperCase()
      .match(/.{1,4}/g) ?? []
  ).join(' ');
}

const UNITS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 365.25 * 86_400],
  ['month', 30.44 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/** `in 3 weeks`, `2 minutes ago`; below a minute `now`. */
export function relative(when: Date, now: Date, language: string): string {
  const seconds = (when.getTime() - now.getTime()) / 1000;
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  for (const [unit, length] of UNITS) {
    // Two of a unit, or it is said in the next smaller one: "in 21 months", not "in 2 years".
    if (Math.abs(seconds) >= length * (unit === 'year' || unit === 'month' ? 2 : 1))
      return format.format(Math.trunc(seconds / length), unit);
  }
  return format.format(0, 'second');
}

export function exact(when: Date, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'long', timeStyle: 'short' }).format(when);
}

export function day(when: Date, language: string): string {
  return new Intl.DateTimeFormat(language, { dateStyle: 'long' }).format(when);
}

/** Milliseconds as `0.7 s`, `1 min 12 s`. */
export function duration(ms: number, language: string): string {
  const unit = (value: number, name: string, digits: number) =>
    new Intl.NumberFormat(language, {
      style: 'unit',
      unit: name,
      unitDisplay: 'short',
      maximumFractionDigits: digits,
    }).format(value);
  if (ms < 60_000) return unit(ms / 1000, 'second', ms < 9_950 ? 1 : 0);
  const rest = Math.round((ms % 60_000) / 1000);
  return `${unit(Math.floor(ms / 60_000), 'minute', 0)} ${unit(rest, 'second', 0)}`;
}
