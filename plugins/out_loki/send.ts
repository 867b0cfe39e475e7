/**
 * One try of a load: its requests one after the other, and what became of the events of each. Loki takes the good entries
 * of a request that it refuses (400) or limits (429), so that only those it names are given up or tried again.
 */
import type { LogEvent } from '../../src/data/event.ts';
import { compress } from '../../src/net/compress.ts';
import type { HttpAnswer, HttpClient } from '../../src/net/http_client.ts';
import { verdictOf, verdictOfError } from '../../src/net/verdict.ts';
import type { Clock, Verdict } from '../../src/plugin.ts';
import { halves, type Load, type PushRequest } from './load.ts';
import type { Encoder } from './push.ts';
import { type Measure, type Measured, type Refused, refusedBy } from './refusal.ts';

export interface SendSettings {
  readonly client: Pick<HttpClient, 'request'>;
  readonly encoder: Encoder;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  /** gzip. */
  readonly isPacked: boolean;
  /** Protobuf stands in one block of snappy. */
  readonly isSnappy: boolean;
  readonly clock: Clock;
}

/** What a try left undone. */
export interface Trouble {
  readonly verdict: Verdict & { kind: 'retry' };
  readonly request: PushRequest;
  /** No answer, or one of the server itself (5xx). */
  readonly isOutage: boolean;
}

/** Notes in the load what is done. @returns what is left to be tried again; empty where nothing is. */
export async function send(
  load: Load,
  requests: readonly PushRequest[],
  settings: SendSettings,
  signal: AbortSignal,
): Promise<Trouble[]> {
  const troubles: Trouble[] = [];
  const left = [...requests];
  for (let request = left.shift(); request; request = left.shift()) {
    const trouble = await sendOne(load, request, settings, signal);
    if (trouble === 'halve') left.unshift(...halves(request));
    if (trouble === 'halve' || !trouble) continue;
    troubles.push(trouble);
    // Nobody answers: the others would wait for the same.
    if (trouble.isOutage && trouble.verdict.reason.startsWith('HTTP') === false) break;
  }
  return troubles;
}

async function sendOne(
  load: Load,
  request: PushRequest,
  settings: SendSettings,
  signal: AbortSignal,
): Promise<Trouble | 'halve' | undefined> {
  const body = settings.encoder.encode(request.streams, load);
  const sent = await sendBytes(body, request.tenant, settings, signal);
  // After an error somebody may still be sending the bytes.
  if (!(sent instanceof Error)) settings.encoder.giveBack?.(body);
  if (!(sent instanceof Error) && sent.status === 413 && load.isTooLarge) {
    const numbers = request.streams.flatMap(({ entries }) => entries.map(({ number }) => number));
    if (numbers.length > 1) return 'halve';
    load.refuse(numbers, 'too large for Loki: HTTP status 413');
    return undefined;
  }
  return judge(load, request, sent, settings);
}

/** The body of a request, compressed where that is wished. @returns the error of the connection where there is no answer. */
export async function sendBytes(
  plain: Uint8Array,
  tenant: string,
  settings: SendSettings,
  signal: AbortSignal,
): Promise<HttpAnswer | Error> {
  const { client, path, headers, isSnappy, isPacked } = settings;
  const own = tenant === '' ? [] : ['X-Scope-OrgID', tenantHeader(tenant)];
  try {
    const body = isSnappy || isPacked ? await compress(isSnappy ? 'snappy' : 'gzip', plain) : plain;
    return await client.request({ method: 'POST', path, headers: [...headers, ...own], body, signal });
  } catch (error) {
    return error as Error;
  }
}

/** Notes in the load what is done after an answer. @returns what is left to be tried again. */
export function judge(
  load: Load,
  request: PushRequest,
  sent: HttpAnswer | Error,
  { clock, encoder }: SendSettings,
): Trouble | undefined {
  if (sent instanceof Error) return { verdict: verdictOfError(sent) as Trouble['verdict'], request, isOutage: true };
  const verdict = verdictOf(sent, { refuses: (status) => status === 400, quote: true, now: clock.now() });
  // As Fluent Bit once, and in smaller requests from then on.
  if (sent.status === 413) load.markTooLarge();
  if (verdict.kind === 'retry' && sent.status !== 429) return { verdict, request, isOutage: sent.status >= 500 };
  return settle(load, request, verdict, refusals(load, request, sent, encoder));
}

/** What Loki names of a request. */
function refusals(load: Load, request: PushRequest, { status, text }: HttpAnswer, encoder: Encoder): Refused[] {
  if (status < 300) return [];
  const known = new Map<number, Measured>();
  const measure: Measure = (number, stream) => {
    const before = known.get(number);
    if (before) return before;
    const made = encoder.measure(load.events[number] as LogEvent, load.tagOf(number), stream);
    known.set(number, made);
    return made;
  };
  return refusedBy(text, request.streams, measure, status === 429);
}

/** 200, 400 and 429: everything is done but what Loki names, or what its answer speaks of as a whole. */
function settle(load: Load, request: PushRequest, verdict: Verdict, named: readonly Refused[]): Trouble | undefined {
  const numbers = request.streams.flatMap(({ entries }) => entries.map(({ number }) => number));
  if (verdict.kind === 'retry') {
    const limited = new Set(named.flatMap((refusal) => refusal.numbers));
    if (limited.size > 0) for (const number of numbers) if (!limited.has(number)) load.accept(number);
    return { verdict, request, isOutage: false };
  }
  for (const { numbers: bad, reason } of named) load.refuse(bad, reason);
  if (verdict.kind === 'drop' && named.length === 0) load.refuse(numbers, verdict.reason);
  for (const number of numbers) load.accept(number);
  return undefined;
}

/** UTF-8 as its bytes; what may not stand in a header is left out. */
function tenantHeader(tenant: string): string {
  return Buffer.from(tenant, 'utf8')
    .toString('latin1')
    .replace(/[\u0000-\u001f\u007f]/g, '');
}
