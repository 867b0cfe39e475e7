/**
 * The yardstick of a machine: reads FILE (docker lines) in pieces of 256 KiB, parses every line with JSON.parse and
 * packs it as msgpack. A pipeline's records per CPU-second divided by this figure can be compared between machines.
 *
 *     node bench/reference.ts FILE
 */
import fs from 'node:fs';
import { Packr } from 'msgpackr';

const SIZE = 1 << 18;
const fd = fs.openSync(process.argv[2] ?? '', 'r');
const buffer = Buffer.allocUnsafeSlow(SIZE * 2);
const packr = new Packr({ useRecords: false, variableMapSize: true });
let have = 0;
let lines = 0;
let bytes = 0;
for (let read = 0; ; ) {
  read = fs.readSync(fd, buffer, have, SIZE, null);
  if (read === 0) break;
  const end = have + read;
  let start = 0;
  for (let at = buffer.indexOf(10, start); at >= 0 && at < end; at = buffer.indexOf(10, start)) {
    bytes += packr.pack(JSON.parse(buffer.toString('utf8', start, at))).length;
    lines++;
    start = at + 1;
  }
  buffer.copyWithin(0, start, end);
  have = end - start;
}
const { user, system } = process.cpuUsage();
console.log(`${Math.round(lines / ((user + system) / 1e6))} records/CPU-s (${lines} records, ${bytes} bytes packed)`);
