/**
 * Records of the inputs `cpu` and `mem` (as a Fluent Bit may forward them) as Embedded Metric Format, where the user names
 * that format, a namespace or dimensions. Pure.
 *
 * Source: docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
 */
import { type Fields, setField } from '../../src/data/event.ts';

export interface Emf {
  readonly namespace: string;
  readonly dimensions: readonly (readonly string[])[];
}

const MEMORY = /^(?:Mem|Swap)\.(?:total|used|free)/;
const PROCESSOR = /^(?:cpu_|user_p|system_p)/;

/** `host,zone;host` → [['host', 'zone'], ['host']]. undefined where nothing of it is given. */
export function readEmf(
  namespace: string | undefined,
  dimensions: string | undefined,
  format?: string | undefined,
): Emf | undefined {
  if (namespace === undefined && dimensions === undefined && format?.toLowerCase() !== 'json/emf') return undefined;
  const lists = (dimensions ?? '').split(';').map((list) => list.split(',').map((name) => name.trim()));
  return {
    namespace: namespace ?? 'fluent-bit-metrics',
    dimensions: lists.map((list) => list.filter((name) => name !== '')).filter((list) => list.length > 0),
  };
}

/** Called for every event where metrics are wanted. */
export function isMetrics(body: Fields): boolean {
  return Object.hasOwn(body, 'Mem.total') || Object.hasOwn(body, 'cpu_p');
}

/** undefined for a record of anything else. */
export function emfBody(body: Fields, seconds: number, { namespace, dimensions }: Emf): Fields | undefined {
  if (!isMetrics(body)) return undefined;
  const memory = Object.hasOwn(body, 'Mem.total');
  const fits = memory ? MEMORY : PROCESSOR;
  const names = Object.keys(body).filter((key) => fits.test(key));
  const whole: Fields = {
    _aws: {
      Timestamp: seconds * 1000,
      CloudWatchMetrics: [
        {
          Namespace: namespace,
          Dimensions: dimensions.map((list) => [...list]),
          Metrics: names.map((name) => ({ Name: name, Unit: memory ? 'Bytes' : 'Percent' })),
        },
      ],
    },
  };
  for (const [key, value] of Object.entries(body)) setField(whole, key, value);
  return whole;
}
