/**
 * Compares what came out with what is expected: the same values, whatever the order of keys. Only the order of records
 * of one tag is promised; `text` (the record as printed) counts for "the same to the byte" alone.
 */
import { isDeepStrictEqual } from 'node:util';
import type { CaseSpec } from './case.ts';

export interface Comparison {
  /** The first difference, or undefined. */
  readonly difference: string | undefined;
  readonly exact: boolean;
}

type Results = Record<string, unknown>;

export function compare(spec: CaseSpec, expected: Results, got: Results): Comparison {
  const wanted = inOrder(spec, expected);
  const found = inOrder(spec, got);
  const difference = firstDifference(withoutText(readable(wanted)), withoutText(readable(found)), '');
  return { difference, exact: difference === undefined && isDeepStrictEqual(wanted, found) };
}

function inOrder(spec: CaseSpec, results: Results): Results {
  const ordered = { ...results };
  if (spec.unordered_requests && isObject(ordered.requests))
    ordered.requests = mapValues(ordered.requests, (list) => sorted(list as unknown[]));
  if (!Array.isArray(ordered.records)) return ordered;
  const records = ordered.records as { tag?: string }[];
  if (spec.unordered) ordered.records = sorted(records);
  else {
    const byTag = Map.groupBy(records, ({ tag }) => tag ?? '');
    ordered.records = [...byTag.keys()].sort().flatMap((tag) => byTag.get(tag) ?? []);
  }
  return ordered;
}

const sorted = (list: readonly unknown[]): unknown[] =>
  [...list].sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));

/** Requests in a form in which equal meanings are equal: merged Loki streams, JSON inside strings. */
function readable(results: Results): Results {
  if (!isObject(results.requests)) return results;
  const requests = mapValues(results.requests, (list) =>
    (list as unknown[]).map((one) => jsonInStrings(mergedStreams(one))),
  );
  return { ...results, requests };
}

/** Streams of a Loki body that have the same labels count as one. */
function mergedStreams(request: unknown): unknown {
  if (!isObject(request) || !isObject(request.json) || !Array.isArray(request.json.streams)) return request;
  const streams = new Map<string, { values: unknown[] } & Results>();
  for (const one of request.json.streams as ({ stream?: Results; values: unknown[] } & Results)[]) {
    const key = JSON.stringify(Object.entries(one.stream ?? {}).sort());
    const known = streams.get(key);
    if (known) known.values.push(...one.values);
    else streams.set(key, { ...one, values: [...one.values] });
  }
  const merged = [...streams.keys()].sort().map((key) => streams.get(key));
  return { ...request, json: { ...request.json, streams: merged } };
}

/** A string that holds a JSON object means the same however it is spaced and ordered. */
function jsonInStrings(value: unknown): unknown {
  if (typeof value === 'string' && value.startsWith('{')) {
    try {
      return JSON.stringify(sortKeys(JSON.parse(value)));
    } catch {
      return value;
    }
  }
  if (Array.isArray(value)) return value.map(jsonInStrings);
  return isObject(value) ? mapValues(value, jsonInStrings) : value;
}

function sortKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sortKeys);
  if (!isObject(value)) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sortKeys(value[key])]),
  );
}

function withoutText(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutText);
  if (!isObject(value)) return value;
  const entries = Object.entries(value).filter(([key]) => key !== 'text' || value.record === undefined);
  return Object.fromEntries(entries.map(([key, one]) => [key, withoutText(one)]));
}

function firstDifference(a: unknown, b: unknown, at: string): string | undefined {
  if (isDeepStrictEqual(a, b)) return undefined;
  if (typeof a === 'object' && a && typeof b === 'object' && b && Array.isArray(a) === Array.isArray(b)) {
    const [left, right] = [a as Results, b as Results];
    for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
      const found = firstDifference(left[key], right[key], `${at}.${key}`);
      if (found) return found;
    }
  }
  const show = (value: unknown) => (value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 300));
  return `at ${at || 'top'}: expected ${show(a)}, got ${show(b)}`;
}

const isObject = (value: unknown): value is Results =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mapValues = (object: Results, change: (value: unknown) => unknown): Results =>
  Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
