/** How Loki 3 words what it refuses: times, labels and lists as Go prints them. refusal.ts of the output reads it. */
import { labelsText, type PushedEntry } from './decode.ts';

/** An entry that an ingester did not take. */
export interface Rejected {
  readonly entry: PushedEntry;
  readonly reason: string;
}

/** max_returned_stream_errors. */
const MOST_NAMED = 10;

/** RFC 3339, cut to the second. */
export function isoTime(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z/, 'Z');
}

/** As Go's Time.String: `2026-01-01 00:00:00.5 +0000 UTC`. */
function goTime(ns: bigint): string {
  const [day, clock] = isoTime(Number(ns / 1_000_000n))
    .slice(0, -1)
    .split('T');
  const fraction = String(1_000_000_000n + (ns % 1_000_000_000n))
    .slice(1)
    .replace(/0+$/, '');
  return `${day} ${clock}${fraction === '' ? '' : `.${fraction}`} +0000 UTC`;
}

/** Loki finds a name for the service where a stream has none. */
export function labelsOfLoki(labels: Readonly<Record<string, string>>): string {
  return labelsText({ service_name: 'unknown_service', ...labels });
}

/** What a distributor found, kind by kind. */
export function oneText(errors: readonly string[]): string {
  const kinds = [...Map.groupBy(errors, (error) => error)];
  if (kinds.length === 1 && errors.length === 1) return errors[0] as string;
  return kinds.map(([error, all]) => `${all.length} errors like: ${error}`).join('; ');
}

/** What an ingester says of one stream. */
export function ingesterBlock(
  rejected: readonly Rejected[],
  total: number,
  labels: Readonly<Record<string, string>>,
): string {
  const lines = rejected
    .slice(0, MOST_NAMED)
    .map(({ entry, reason }) => `entry with timestamp ${goTime(entry.ns)} ignored, reason: '${reason}',\n`);
  return `${lines.join('')}user 'fake', total ignored: ${rejected.length} out of ${total} for stream: ${labelsOfLoki(labels)}`;
}
