/**
 * What Loki says when it refuses entries of a request (status 400, or 429 for one stream): which of them it means. Loki
 * takes the others of the same request, so only those that it names need to be given up. Pure.
 *
 * Source: pkg/validation/validate.go and pkg/ingester/stream.go of grafana/loki
 */
import { labelsText, type StreamEntries } from './push.ts';

export interface Refused {
  readonly numbers: readonly number[];
  readonly reason: string;
}

interface Candidate {
  readonly number: number;
  readonly ms: number;
  readonly labels: string;
  /** In bytes. */
  length(): number;
}

type Rule = (text: string, candidates: readonly Candidate[]) => Refused[];

const ISO = String.raw`(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:\d\d))`;

const RULES: readonly Rule[] = [
  (text, all) =>
    each(text, new RegExp(`oldest acceptable timestamp is:? ${ISO}`, 'g'), ([, oldest = '']) =>
      refuse(all.filter(inNamed(text)), ({ ms }) => ms < Date.parse(oldest), 'too old for Loki'),
    ),
  (text, all) =>
    each(text, new RegExp(`has timestamp too new: ${ISO}`, 'g'), ([, time = '']) =>
      refuse(all, ({ ms }) => ms >= Math.floor(Date.parse(time)), 'too new for Loki'),
    ),
  (text, all) =>
    each(
      text,
      new RegExp(`entry with timestamp ${ISO} ignored, reason: '([^']+)'`, 'g'),
      ([, time = '', reason = '']) =>
        refuse(
          all.filter(inNamed(text)),
          ({ ms }) => ms === Math.floor(Date.parse(time)),
          `Loki: ${reason.slice(0, 100)}`,
        ),
    ),
  (text, all) =>
    each(text, /[Mm]ax entry size '(\d+)' bytes exceeded/g, ([, limit = '']) =>
      refuse(all, (one) => one.length() > Number(limit), 'longer than Loki takes'),
    ),
  (text, all) =>
    each(
      text,
      /stream '(\{[^']*\})' has (label name too long|label value too long|duplicate label name|\d+ label names)/g,
      ([, , why = '']) => refuse(all.filter(inNamed(text)), () => true, `Loki: ${why}`),
    ),
];

/** Nothing where Loki does not say which: then the caller has to search. */
export function refusedBy(
  text: string,
  streams: readonly StreamEntries[],
  lengthOf: (number: number) => number,
): Refused[] {
  const candidates = streams.flatMap(({ stream, entries }) => {
    const labels = plainLabels(labelsText(stream.labels));
    return entries.map(({ number, seconds, nanos }) => ({
      number,
      ms: seconds * 1000 + Math.floor(nanos / 1e6),
      labels,
      length: () => lengthOf(number),
    }));
  });
  const taken = new Set<number>();
  return RULES.flatMap((rule) => rule(text, candidates))
    .map(({ numbers, reason }) => ({
      reason,
      numbers: numbers.filter((number) => !taken.has(number) && taken.add(number)),
    }))
    .filter(({ numbers }) => numbers.length > 0);
}

function each(text: string, pattern: RegExp, found: (match: RegExpMatchArray) => Refused): Refused[] {
  return [...text.matchAll(pattern)].map(found);
}

function refuse(candidates: readonly Candidate[], isBad: (one: Candidate) => boolean, reason: string): Refused {
  return { reason, numbers: candidates.filter(isBad).map(({ number }) => number) };
}

/** Where Loki names streams, only theirs are meant. */
function inNamed(text: string): (one: Candidate) => boolean {
  const named = new Set([...text.matchAll(/\{[^{}]*\}/g)].map(([labels]) => plainLabels(labels)));
  return ({ labels }) => named.size === 0 || named.has(labels);
}

/** Blanks and quoting differ from version to version. */
function plainLabels(labels: string): string {
  return labels.replace(/[\s\\"]/g, '');
}
