/**
 * Container log lines, the same for the same arguments: half JSON application logs, half access-log text.
 *
 *     node bench/generate.ts LINES docker|cri FILE [FIRST MILLISECOND]
 */
import fs from 'node:fs';

const LEVELS = ['info', 'info', 'info', 'debug', 'warn', 'error'];
const PATHS = ['/api/v1/users', '/api/v1/orders/123', '/healthz', '/static/app.js', '/login'];
const WRITE_SIZE = 1 << 20;

/** A linear congruential generator: the same numbers on every machine. */
class Chance {
  #seed = 12345;
  below(limit: number): number {
    this.#seed = (this.#seed * 1103515245 + 12345) & 0x7fffffff;
    return this.#seed % limit;
  }
}

function message(index: number, clock: number, chance: Chance): string {
  if (index & 1)
    return JSON.stringify({
      timestamp: new Date(clock).toISOString(),
      level: LEVELS[chance.below(6)],
      message: `request ${index} handled`,
      request_id: chance.below(1e9).toString(16) + index.toString(16),
      service: 'backend',
      duration_ms: chance.below(900) + 0.25,
      user: { id: chance.below(10000), plan: 'pro' },
      status: 200,
    });
  const address = `10.0.${chance.below(255)}.${chance.below(255)}`;
  const second = String(chance.below(60)).padStart(2, '0');
  const request = `GET ${PATHS[chance.below(5)]}?id=${chance.below(100000)} HTTP/1.1`;
  return `${address} - - [01/Jan/2026:00:00:${second} +0000] "${request}" 200 ${chance.below(50000)} "-" "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36"`;
}

/** Writes `lines` lines of the given form to a file. */
export function generate(lines: number, form: 'docker' | 'cri', file: string, firstMs: number): void {
  const fd = fs.openSync(file, 'w');
  const chance = new Chance();
  let clock = firstMs;
  let text = '';
  for (let i = 0; i < lines; i++) {
    if (i % 50 === 0) clock += chance.below(3);
    const time = `${new Date(clock).toISOString().slice(0, -1)}${String(chance.below(1000000)).padStart(6, '0')}Z`;
    const log = message(i, clock, chance);
    text +=
      form === 'cri' ? `${time} stdout F ${log}\n` : `${JSON.stringify({ log: `${log}\n`, stream: 'stdout', time })}\n`;
    if (text.length > WRITE_SIZE) {
      fs.writeSync(fd, text);
      text = '';
    }
  }
  fs.writeSync(fd, text);
  fs.closeSync(fd);
}

if (import.meta.main) {
  const [lines, form, file, first] = process.argv.slice(2);
  if (!lines || !file || (form !== 'docker' && form !== 'cri')) {
    console.error('usage: node bench/generate.ts LINES docker|cri FILE [FIRST MILLISECOND]');
    process.exit(2);
  }
  generate(Number(lines), form, file, first ? Number(first) : Date.now() - 3_600_000);
}
