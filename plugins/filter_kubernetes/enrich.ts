/**
 * Puts what was found into events: the hot path. The maps are shared by all events and never copied; a body may be shared
 * with others, so each event gets a new one.
 */
import type { Fields, LogEvent } from '../../src/data/event.ts';
import type { Parser } from '../../src/plugin.ts';
import { type MergeSettings, mergeLog } from './merge_log.ts';
import type { Found } from './metadata.ts';
import { NO_WISHES, type StreamWish, type Wishes } from './suggestions.ts';

/** @returns the same array unless an event is excluded. */
export function enrichAll(events: LogEvent[], found: Found, settings: MergeSettings | undefined): LogEvent[] {
  const { kubernetes, namespace, wishes } = found;
  if (wishes !== NO_WISHES) return obeyed(events, found, settings);
  if (settings === undefined && namespace === undefined) {
    if (kubernetes !== undefined)
      for (let i = 0; i < events.length; i++) {
        const event = events[i] as LogEvent;
        event.body = withMap(event.body, kubernetes);
      }
    return events;
  }
  for (let i = 0; i < events.length; i++) enrich(events[i] as LogEvent, found, settings, undefined);
  return events;
}

function obeyed(events: LogEvent[], found: Found, settings: MergeSettings | undefined): LogEvent[] {
  const { wishes } = found;
  const kept: LogEvent[] = [];
  for (let i = 0; i < events.length; i++) {
    const event = events[i] as LogEvent;
    const wish = wishOf(event.body.stream, wishes);
    if (wish.excluded === true) continue;
    enrich(event, found, settings, wish.parser);
    kept.push(event);
  }
  return kept.length === events.length ? events : kept;
}

const NO_WISH: StreamWish = { parser: undefined, excluded: undefined };
const EXCLUDED: StreamWish = { parser: undefined, excluded: true };

/** As Fluent Bit: without a known stream, no parser is used, and only what excludes both streams excludes. */
function wishOf(stream: unknown, { stdout, stderr }: Wishes): StreamWish {
  if (stream === 'stdout') return stdout;
  if (stream === 'stderr') return stderr;
  return stdout.excluded && stderr.excluded ? EXCLUDED : NO_WISH;
}

export function enrich(
  event: LogEvent,
  { kubernetes, namespace }: Pick<Found, 'kubernetes' | 'namespace'>,
  settings: MergeSettings | undefined,
  parser: Parser | undefined,
): void {
  let body = event.body;
  if (settings) {
    // Made for this event alone, so it may be written into.
    body = mergeLog(event, parser, settings);
    if (kubernetes) put(body, 'kubernetes', kubernetes);
  } else if (kubernetes) body = withMap(body, kubernetes);
  else if (namespace) body = { ...body };
  if (namespace) put(body, 'kubernetes_namespace', namespace);
  event.body = body;
}

function withMap(body: Fields, kubernetes: Fields): Fields {
  if (body.kubernetes === undefined) return { ...body, kubernetes };
  const copy = { ...body };
  put(copy, 'kubernetes', kubernetes);
  return copy;
}

/** At the end, even where there was one before. */
function put(body: Fields, key: string, map: Fields): void {
  if (body[key] !== undefined) delete body[key];
  body[key] = map;
}
