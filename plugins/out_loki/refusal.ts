/**
 * What Loki says when it refuses entries of a request (status 400) or limits them (429): which of them it means. Loki takes
 * the others of the same request, so only those that it names need to be given up or sent again. Pure.
 *
 * Its distributor writes sentences, one for each kind of fault, "; " between them, times cut to the second:
 *
 *     2 errors like: entry for stream '{app="a"}' has timestamp too old: 2026-01-01T00:00:00Z, oldest acceptable ..
 *
 * Its ingesters write a block for one stream, with a line for each of the first ten entries:
 *
 *     entry with timestamp 2026-01-01 00:00:00.5 +0000 UTC ignored, reason: 'entry too far behind, ..',
 *     user 'x', total ignored: 12 out of 100 for stream: {app="a", service_name="a"}
 *
 * Source: pkg/validation/validate.go, pkg/distributor/validator.go and pkg/ingester/stream.go of grafana/loki
 */
import { type Entry, labelsText, type StreamEntries } from './push.ts';
import type { Stream } from './streams.ts';

export interface Refused {
  readonly numbers: readonly number[];
  readonly reason: string;
}

/** How large an entry is, as Loki counts it. */
export interface Measured {
  readonly lineBytes: number;
  readonly metadataBytes: number;
  readonly metadataCount: number;
}

/** For what is rare: makes the line of an entry anew. */
export type Measure = (number: number, stream: Stream) => Measured;

const LABELS = String.raw`(\{(?:[^{}"]|"(?:\\.|[^"\\])*")*\})`;
const TIME = String.raw`(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)? ?(?:Z|[+-]\d\d:?\d\d))`;

interface Sentence {
  readonly pattern: RegExp;
  reason(match: readonly string[]): string;
  /** `match`: what the pattern found; the labels come first. */
  means(entry: Entry, match: readonly string[], measure: (number: number) => Measured): boolean;
}

const always = (): boolean => true;
const sentence = (pattern: string): RegExp => new RegExp(pattern, 'g');

const SENTENCES: readonly Sentence[] = [
  {
    pattern: sentence(
      `for stream '${LABELS}' has timestamp too old: ${TIME}, oldest acceptable timestamp is:? ${TIME}`,
    ),
    reason: () => 'too old for Loki',
    means: (entry, [, time = '', oldest = '']) => isAt(entry, time) || isBefore(entry, oldest),
  },
  {
    pattern: sentence(`for stream '${LABELS}' has timestamp too new: ${TIME}`),
    reason: () => 'too new for Loki',
    means: (entry, [, time = '']) => !isBefore(entry, time),
  },
  {
    pattern: sentence(
      String.raw`[Mm]ax entry size '?\d+'? bytes exceeded for stream '${LABELS}'.*?length '?(\d+)'? bytes`,
    ),
    reason: () => 'longer than Loki takes',
    means: ({ number }, [, length = ''], measure) => measure(number).lineBytes === Number(length),
  },
  {
    pattern: sentence(`stream '${LABELS}' has structured metadata too large: '?(\\d+)'? bytes`),
    reason: () => 'Loki: structured metadata too large',
    means: ({ number }, [, bytes = ''], measure) => measure(number).metadataBytes === Number(bytes),
  },
  {
    pattern: sentence(`stream '${LABELS}' has too many structured metadata labels: '?(\\d+)`),
    reason: () => 'Loki: too many structured metadata labels',
    means: ({ number }, [, count = ''], measure) => measure(number).metadataCount === Number(count),
  },
  {
    pattern: sentence(`stream '${LABELS}' includes structured metadata`),
    reason: () => 'Loki: structured metadata is not allowed',
    means: ({ number }, _match, measure) => measure(number).metadataCount > 0,
  },
  {
    pattern: sentence(
      String.raw`stream '${LABELS}' has (label name too long|label value too long|duplicate label name|\d+ label names)`,
    ),
    reason: ([, why = '']) => `Loki: ${why}`,
    means: always,
  },
  {
    pattern: sentence(`[Ee]rror parsing labels '${LABELS}'`),
    reason: () => 'Loki: labels that it cannot parse',
    means: always,
  },
  {
    pattern: sentence(`missing required labels \\S+ for user .*? for stream ${LABELS}`),
    reason: () => 'Loki: missing required labels',
    means: always,
  },
];

/**
 * Nothing where Loki does not say which. `isLimit`: after a 429, where all entries of a stream count as limited when not
 * each of them is named: what is sent twice is stored once.
 */
export function refusedBy(
  text: string,
  streams: readonly StreamEntries[],
  measure: Measure,
  isLimit = false,
): Refused[] {
  const shares = new Map(streams.map((share) => [keysOf(labelsText(share.stream.labels))[0], share]));
  const named = (labels: string): readonly StreamEntries[] => {
    const known = keysOf(labels).find((key) => shares.has(key));
    if (known !== undefined) return [shares.get(known) as StreamEntries];
    return labels === '' || streams.length === 1 ? streams : [];
  };
  const found = [...bySentences(text, named, measure), ...byBlocks(text, named, isLimit)];
  const taken = new Set<number>();
  return found
    .map(({ numbers, reason }) => ({
      reason,
      numbers: numbers.filter((number) => !taken.has(number) && taken.add(number)),
    }))
    .filter(({ numbers }) => numbers.length > 0);
}

/** The share of the stream with these labels; all where Loki names none. */
type Named = (labels: string) => readonly StreamEntries[];

function* bySentences(text: string, named: Named, measure: Measure): Iterable<Refused> {
  for (const { pattern, reason, means } of SENTENCES)
    for (const [, ...match] of text.matchAll(pattern))
      for (const { stream, entries } of named(match[0] ?? '')) {
        const bad = entries.filter((entry) => means(entry, match, (number) => measure(number, stream)));
        yield { reason: reason(match), numbers: bad.map(({ number }) => number) };
      }
}

const BLOCK = new RegExp(
  `((?:entry with timestamp [^\\n]*(?:\\n|$))+)(?:[^\\n]*total ignored: (\\d+) out of \\d+(?: for stream: ${LABELS})?)?`,
  'g',
);
const LINE = new RegExp(`entry with timestamp ${TIME}[^']* ignored, reason: '([^'(,]*)`, 'g');
const ANY_LABELS = new RegExp(LABELS);

function* byBlocks(text: string, named: Named, isLimit: boolean): Iterable<Refused> {
  for (const [, lines = '', total = '', labels] of text.matchAll(BLOCK)) {
    const entries = named(labels ?? ANY_LABELS.exec(lines)?.[1] ?? '').flatMap((share) => share.entries);
    const times = [...lines.matchAll(LINE)];
    const reason = `Loki: ${(times[0]?.[2] ?? '').replace(/ while .*/, '').trim()}`;
    const oldest = total === '' ? new RegExp(`oldest acceptable timestamp is:? ${TIME}`).exec(lines)?.[1] : undefined;
    const bad = entries.filter(
      (entry) => times.some(([, time = '']) => isAt(entry, time)) || (oldest !== undefined && isBefore(entry, oldest)),
    );
    const missing = Number(total) - bad.length;
    const more = missing <= 0 ? [] : isLimit ? entries : oldestOf(entries, new Set(bad), missing);
    yield { reason, numbers: [...bad, ...more].map(({ number }) => number) };
  }
}

/** Loki names ten entries at most; what is too far behind is what is oldest. */
function oldestOf(entries: readonly Entry[], but: ReadonlySet<Entry>, count: number): Entry[] {
  return entries
    .filter((entry) => !but.has(entry))
    .sort((a, b) => a.seconds - b.seconds || a.nanos - b.nanos)
    .slice(0, count);
}

interface Time {
  readonly seconds: number;
  readonly nanos: number;
  /** Its fraction was cut off, as in RFC 3339. */
  readonly isCut: boolean;
}

/** RFC 3339, or as Go prints a time: with all of its fraction. */
function timeOf(text: string): Time {
  const [, day, clock, fraction = '', zone = ''] = /^(\S{10})[T ](.{8})(?:\.(\d+))? ?(.*)$/.exec(text) ?? [];
  const offset = zone.replace(/^([+-]\d\d):?(\d\d)$/, '$1:$2');
  return {
    seconds: Date.parse(`${day}T${clock}${offset}`) / 1000,
    nanos: Number(fraction.slice(0, 9).padEnd(9, '0')),
    isCut: text[10] === 'T' && fraction === '',
  };
}

function isAt({ seconds, nanos }: Entry, text: string): boolean {
  const time = timeOf(text);
  return seconds === time.seconds && (time.isCut || nanos === time.nanos);
}

function isBefore({ seconds, nanos }: Entry, text: string): boolean {
  const time = timeOf(text);
  return seconds < time.seconds || (seconds === time.seconds && nanos < time.nanos);
}

/**
 * Labels in a form in which equal ones are equal: blanks and quoting differ from version to version. Loki adds
 * `service_name` of its own accord, so they come with it and without.
 */
function keysOf(labels: string): string[] {
  const pairs = [...labels.matchAll(/([^{,\s=]+)\s*=\s*("(?:\\.|[^"\\])*")/g)].map(
    ([, name, value = '']) => `${name}=${value.replace(/[\s\\"]/g, '')}`,
  );
  return [pairs.join(), pairs.filter((pair) => !pair.startsWith('service_name=')).join()];
}
