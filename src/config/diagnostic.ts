/**
 * What the reader of configurations has to say: a list of findings, each with its place, and their text.
 *
 *     fluent-bit.conf:5:5: error: output loki has no option 'line_formt'; did you mean 'line_format'?
 *       5 |     line_formt   json
 *         |     ^^^^^^^^^^
 *
 * Nothing here throws: every mistake of all files is collected and shown in one run.
 */
import type { Place } from '../options.ts';

/**
 * `error`: the start fails. `warning`: surely a mistake, but Fluent Bit starts with it; an error with --strict.
 * `note`: worth knowing, never an error.
 */
export type Severity = 'error' | 'warning' | 'note';

export interface Diagnostic {
  readonly severity: Severity;
  readonly message: string;
  readonly place: Place | undefined;
}

/** Collects findings; one for a whole run. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];
  readonly #known = new Set<string>();

  error(place: Place | undefined, message: string): void {
    this.#add('error', place, message);
  }
  warning(place: Place | undefined, message: string): void {
    this.#add('warning', place, message);
  }
  note(place: Place | undefined, message: string): void {
    this.#add('note', place, message);
  }
  get failed(): boolean {
    return this.list.some(({ severity }) => severity === 'error');
  }

  /** The same finding at the same place counts once (a plugin may ask for one parser several times). */
  #add(severity: Severity, place: Place | undefined, message: string): void {
    const key = `${placeText(place)} ${message}`;
    if (this.#known.has(key)) return;
    this.#known.add(key);
    this.list.push({ severity, message, place });
  }
}

/** With --strict a warning fails the start as an error does. */
export function strictly(list: readonly Diagnostic[]): Diagnostic[] {
  return list.map((one) => (one.severity === 'warning' ? { ...one, severity: 'error' } : one));
}

/** `file:line:column`, or nothing. */
export function placeText(place: Place | undefined): string {
  return place ? `${place.file}:${place.line}:${place.column}` : '';
}

const SHOWN = 160;

/** One finding: its first line, then the line of the file with carets below. Ends with a line break. */
export function renderDiagnostic({ severity, message, place }: Diagnostic): string {
  const head = `${place ? `${placeText(place)}: ` : ''}${severity}: ${message}\n`;
  if (place?.text === undefined || place.text === '') return head;
  // A long line is cut around the place; what is no visible character must not move the carets.
  const from = place.column - 1 > SHOWN - 40 ? place.column - 1 - 40 : 0;
  const shown = visible(masked(place.text).slice(from, from + SHOWN));
  const at = place.column - 1 - from;
  const length = Math.max(1, Math.min(place.length ?? 1, shown.length - at));
  const number = String(place.line);
  const margin = ' '.repeat(number.length);
  return `${head}  ${number} | ${shown}\n  ${margin} | ${' '.repeat(Math.max(0, at))}${'^'.repeat(length)}\n`;
}

/**
 * A line goes to logs that others read: the value of a key that sounds like a secret is not shown, not even where the
 * key is misspelled. It keeps its length, so that carets stay where they belong.
 */
function masked(line: string): string {
  const [, before = '', value = ''] = SECRET.exec(line) ?? [];
  return value === '' ? line : before + '*'.repeat(value.length);
}

const SECRET =
  /^([\s-]*(?:"?[\w.-]*(?:pas+w|pwd|secret|token|shared_key|credential|api_?key)[\w.-]*"?\s*[:=]?\s+|"?headers?"?\s*:?\s+"?'?(?:authorization|x-api-key|cookie)"?\s*:?\s+))(\S.*)$/i;

/** Control characters would move the carets, or the cursor of the terminal. */
function visible(text: string): string {
  return text.replace(/\t/g, ' ').replace(/[\u0000-\u001f\u007f-\u009f]/g, '?');
}

/** All findings in order, and how many there are. */
export function renderDiagnostics(list: readonly Diagnostic[]): string {
  const errors = list.filter(({ severity }) => severity === 'error').length;
  const warnings = list.filter(({ severity }) => severity === 'warning').length;
  if (list.length === 0) return '';
  const count = (n: number, word: string) => `${n} ${word}${n === 1 ? '' : 's'}`;
  return `${list.map(renderDiagnostic).join('')}${count(errors, 'error')}, ${count(warnings, 'warning')}\n`;
}

/**
 * The candidate that a user most likely meant: at most a third of the letters differ (swapped neighbours count once),
 * or one is the beginning of the other.
 */
export function nearestWord(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = word.toLowerCase().slice(0, 64);
  const squeezed = squeeze(wanted);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const other = candidate.toLowerCase();
    const same = squeeze(other) === squeezed;
    const distance = same ? 0 : editDistance(wanted, other);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean 'x'?`, or nothing. */
export function guess(word: string, candidates: Iterable<string>): string {
  const found = nearestWord(word, candidates);
  return found === undefined || found === word ? '' : `; did you mean '${found}'?`;
}

const squeeze = (word: string): string => word.replace(/[-_. ]/g, '');

/** Insertions, deletions, replacements and swaps of neighbours between two words. */
function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let cost = Math.min((last[j] ?? 0) + 1, (row[j - 1] ?? 0) + 1, (last[j - 1] ?? 0) + (same ? 0 : 1));
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        cost = Math.min(cost, (beforeLast[j - 2] ?? 0) + 1);
      row.push(cost);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] ?? 0;
}
