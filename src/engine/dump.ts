/** The state of a pipeline as text, in the form of Fluent Bit's dump, which it prints on SIGCONT. */
import type { InputUnit, Parts } from './assemble.ts';
import type { OutputUnit } from './output_unit.ts';

function human(bytes: number): string {
  const units = ['b', 'K', 'M', 'G', 'T'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${unit === 0 ? value : value.toFixed(1)}${units[unit]} (${bytes} bytes)`;
}

function inputLines({ spec, input, ingest }: InputUnit): string[] {
  const { buffer, ledger } = ingest;
  const own = input.describe?.() ?? [];
  return [
    `${spec.alias ?? spec.name} (${spec.definition.name})`,
    '│',
    '├─ status',
    `│  ├─ paused        : ${buffer.paused ? 'yes' : 'no'}`,
    `│  └─ overlimit     : ${buffer.overLimit ? 'yes' : 'no'}`,
    `│     ├─ mem size   : ${human(buffer.usedBytes)}`,
    `│     └─ mem limit  : ${human(buffer.limitBytes)}`,
    '│',
    `${own.length > 0 ? '├─' : '└─'} chunks`,
    `${own.length > 0 ? '│ ' : '  '} ├─ total chunks : ${buffer.chunks}`,
    `${own.length > 0 ? '│ ' : '  '} └─ unsettled    : ${ledger.unsettled}`,
    ...own.map((line, index) => `${index === own.length - 1 ? '└─' : '├─'} ${line}`),
    '',
  ];
}

function outputLines(unit: OutputUnit): string[] {
  return [
    `${unit.label} (${unit.spec.definition.name})`,
    `├─ tasks            : ${unit.pending}`,
    `└─ waiting to retry : ${unit.waitingForRetry}`,
    '',
  ];
}

export function dumpState(parts: Parts, retries: number): string[] {
  const sum = (of: (buffer: InputUnit['ingest']['buffer']) => number): number =>
    parts.inputs.reduce((total, { ingest }) => total + of(ingest.buffer), 0);
  const onDisk = sum((buffer) => buffer.chunksOnDisk);
  const down = sum((buffer) => buffer.chunksDown);
  const chunks = sum((buffer) => buffer.chunks);
  const backlog = parts.storage?.backlog.chunks ?? 0;
  return [
    'Sluice Dump',
    '',
    '===== Input =====',
    ...parts.inputs.flatMap(inputLines),
    '===== Output =====',
    ...parts.outputs.flatMap(outputLines),
    '===== Storage Layer =====',
    `total chunks     : ${chunks + backlog}`,
    `├─ mem chunks    : ${chunks - onDisk}`,
    `└─ fs chunks     : ${onDisk + backlog}`,
    `   ├─ up         : ${onDisk - down}`,
    `   ├─ down       : ${down}`,
    `   └─ backlog    : ${backlog}`,
    ...(parts.storage?.store.isFailing ? ['the disk takes no writes'] : []),
    `scheduled retries: ${retries}`,
  ];
}
