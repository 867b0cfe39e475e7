/**
 * The stand-in for CloudWatch Logs as a program, for trying out:
 *
 *     npm run fake-cloudwatch -- [--port 4587] [--key FILE --cert FILE] [--throttle RATE] [--error RATE] [--drop RATE]
 *         [--lost RATE] [--cut RATE] [--hang RATE] [--delay RATE --delay-ms MS] [--seed N]
 *
 * Rates are chances per request, 0 to 1. With a key and a certificate it speaks TLS. It prints what it holds when it ends.
 */
import fs from 'node:fs';
import { parseArgs } from 'node:util';
import { FAULT_OPTIONS, readRates } from '../faults.ts';
import { FakeCloudWatch } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '4587' },
    key: { type: 'string' },
    cert: { type: 'string' },
    seed: { type: 'string', default: '1' },
    ...FAULT_OPTIONS,
  },
});
const tls =
  values.key && values.cert ? { key: fs.readFileSync(values.key), cert: fs.readFileSync(values.cert) } : undefined;
const fake = new FakeCloudWatch({ port: Number(values.port), seed: Number(values.seed), ...(tls && { tls }) });
fake.server.faults.rates = readRates(values);
await fake.server.start();
process.stdout.write(`CloudWatch Logs at ${fake.server.url}\n`);

const end = () => {
  for (const [group, { streams }] of fake.store.groups)
    for (const [stream, { events }] of streams) process.stdout.write(`${group} ${stream}: ${events.length} events\n`);
  process.stdout.write(`${JSON.stringify(fake.server.counts)}\n`);
  process.exit(0);
};
process.on('SIGINT', end);
process.on('SIGTERM', end);
