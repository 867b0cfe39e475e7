/** strftime in UTC, with %L (milliseconds) and %N (nanoseconds) beside C's directives. */

const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const COMPOSED: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  r: '%I:%M:%S %p',
  T: '%H:%M:%S',
  X: '%H:%M:%S',
  x: '%m/%d/%y',
};

const pad = (value: number, width: number, fill = '0') => String(value).padStart(width, fill);

/** Unknown directives stay as they are. Called once a batch or a file name. */
export function formatTime(format: string, seconds: number, nanos: number): string {
  const date = new Date(seconds * 1000);
  return format.replace(/%(.)/g, (all, letter: string) => {
    if (Object.hasOwn(COMPOSED, letter)) return formatTime(COMPOSED[letter] as string, seconds, nanos);
    return part(letter, date, seconds, nanos) ?? all;
  });
}

function part(letter: string, date: Date, seconds: number, nanos: number): string | undefined {
  return datePart(letter, date) ?? clockPart(letter, date, seconds, nanos);
}

function datePart(letter: string, date: Date): string | undefined {
  switch (letter) {
    case 'a':
      return DAYS[date.getUTCDay()]?.slice(0, 3);
    case 'A':
      return DAYS[date.getUTCDay()];
    case 'b':
    case 'h':
      return MONTHS[date.getUTCMonth()]?.slice(0, 3);
    case 'B':
      return MONTHS[date.getUTCMonth()];
    case 'C':
      return pad(Math.floor(date.getUTCFullYear() / 100), 2);
    case 'd':
      return pad(date.getUTCDate(), 2);
    case 'e':
      return pad(date.getUTCDate(), 2, ' ');
    case 'j':
      return pad(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1, 3);
    case 'm':
      return pad(date.getUTCMonth() + 1, 2);
    case 'u':
      return String(date.getUTCDay() || 7);
    case 'w':
      return String(date.getUTCDay());
    case 'Y':
      return pad(date.getUTCFullYear(), 4);
    case 'y':
      return pad(date.getUTCFullYear() % 100, 2);
    default:
      return undefined;
  }
}

function clockPart(letter: string, date: Date, seconds: number, nanos: number): string | undefined {
  const hour = date.getUTCHours();
  switch (letter) {
    case 'H':
      return pad(hour, 2);
    case 'k':
      return pad(hour, 2, ' ');
    case 'I':
      return pad(hour % 12 || 12, 2);
    case 'l':
      return pad(hour % 12 || 12, 2, ' ');
    case 'M':
      return pad(date.getUTCMinutes(), 2);
    case 'S':
      return pad(date.getUTCSeconds(), 2);
    case 'p':
      return hour < 12 ? 'AM' : 'PM';
    case 'L':
      return pad(Math.floor(nanos / 1e6), 3);
    case 'N':
      return pad(nanos, 9);
    case 's':
      return String(seconds);
    case 'z':
      return '+0000';
    case 'Z':
      return 'UTC';
    case 'n':
      return '\n';
    case 't':
      return '\t';
    case '%':
      return '%';
    default:
      return undefined;
  }
}
