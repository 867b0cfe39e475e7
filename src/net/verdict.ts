/**
 * What an HTTP answer means for a batch, in one place for all outputs that speak HTTP:
 *
 *     200 .. 205              ok
 *     408, 429                retry, after Retry-After where the server names a time
 *     other 4xx               drop: the same request would be refused again
 *     all else, and no answer retry
 */
import { drop, OK, retry, type Verdict } from '../plugin.ts';
import type { HttpAnswer } from './http_client.ts';

export interface VerdictRules {
  /** Which answers are refusals for good; by default 4xx but 408 and 429. */
  readonly refuses?: (status: number) => boolean;
  /** Whether the reason shows what the server said. */
  readonly quote?: boolean;
  /** Unix milliseconds, for a Retry-After that is a date. */
  readonly now: number;
}

const refusesByDefault = (status: number): boolean => status >= 400 && status < 500 && status !== 408 && status !== 429;

export function verdictOf(answer: HttpAnswer, rules: VerdictRules): Verdict {
  const { status } = answer;
  if (status >= 200 && status <= 205) return OK;
  const said = rules.quote ? quotation(answer.text) : '';
  const reason = `HTTP status ${status}${said}`;
  if ((rules.refuses ?? refusesByDefault)(status)) return drop(reason);
  return retry(reason, retryAfterMs(answer.headers['retry-after'], rules.now));
}

/** The verdict for a request that got no answer. */
export function verdictOfError(error: unknown): Verdict {
  return retry(messageOf(error));
}

/** An error's message, with what stands behind it: undici wraps the system's. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const { cause } = error;
  const parts = error instanceof AggregateError ? error.errors.map(messageOf) : [];
  const all = [error.message, ...parts, cause instanceof Error ? cause.message : ''].filter((text) => text !== '');
  return all.length === 0 ? error.name : [...new Set(all)].join(': ');
}

/** Milliseconds from now; undefined where there is no such header or it cannot be read. */
export function retryAfterMs(header: string | string[] | undefined, now: number): number | undefined {
  const text = (Array.isArray(header) ? header[0] : header)?.trim();
  if (!text) return undefined;
  if (/^\d+$/.test(text)) return Number(text) * 1000;
  // Date.parse finds a date in nearly anything that has a digit.
  const date = /^[A-Z][a-z]{2}/.test(text) ? Date.parse(text) : Number.NaN;
  return Number.isNaN(date) ? undefined : Math.max(date - now, 0);
}

const QUOTED = 200;

function quotation(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  if (line === '') return '';
  return `: ${line.length > QUOTED ? `${line.slice(0, QUOTED)}...` : line}`;
}
