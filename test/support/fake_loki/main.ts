/**
 * `npm run fake-loki`: a stand-in for Loki to try things out with.
 *
 *     node test/support/fake_loki/main.ts [--port 3100] [--errors 0.1] [--throttle 0.1] [--cut 0.05] [--hang 0.01] [--delay 50]
 *
 * The numbers are the shares of pushes that are answered with 500, with 429, with the end of the connection or not at all,
 * and a delay in milliseconds.
 */
import { parseArgs } from 'node:util';
import { FakeLoki, type Fault } from './server.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '3100' },
    errors: { type: 'string', default: '0' },
    throttle: { type: 'string', default: '0' },
    cut: { type: 'string', default: '0' },
    hang: { type: 'string', default: '0' },
    delay: { type: 'string', default: '0' },
  },
});
const { errors, throttle, cut, hang } = values;
const limits = [errors, throttle, cut, hang].map(Number);
const loki = new FakeLoki();
loki.delayMs = Number(values.delay);
const FAULTS: readonly Fault[] = [
  { status: 500, text: 'the ring is empty\n' },
  { status: 429, text: 'Ingestion rate limit exceeded\n', headers: { 'retry-after': '1' } },
  { cut: 'before' },
  { hangs: true },
];
loki.fault = () => {
  let chance = Math.random();
  return FAULTS.find((_fault, i) => {
    chance -= limits[i] as number;
    return chance < 0;
  });
};
await loki.start(Number(values.port));
console.log(`Loki's push and query_range at http://127.0.0.1:${loki.port}

    sluice -i dummy -o loki -p host=127.0.0.1 -p port=${loki.port} -p labels=job=test
    curl -sG http://127.0.0.1:${loki.port}/loki/api/v1/query_range --data-urlencode 'query={job="test"}'`);
let before = 0;
setInterval(() => {
  const count = loki.entries().length;
  if (count !== before) console.log(`${count} lines in ${loki.requests} pushes`);
  before = count;
}, 1000).unref();
process.on('SIGINT', () => process.exit(0));
process.on('SIGTERM', () => process.exit(0));
