/** What /proc says of memory, as the fields of a record. Source: man 5 proc. Pure. */
import type { Fields } from '../../src/data/event.ts';

/** A line of /proc/meminfo or /proc/PID/status, in kilobytes; undefined where there is none. */
function kilobytes(text: string, name: string): number | undefined {
  const found = new RegExp(`^${name}:\\s*(\\d+) kB$`, 'm').exec(text);
  return found ? Number(found[1]) : undefined;
}

/**
 * Kilobytes, as Fluent Bit: what is used counts caches, what is free is what programs could have (MemAvailable).
 * @throws Error where the text is no /proc/meminfo
 */
export function machineMemory(meminfo: string): Fields {
  const total = kilobytes(meminfo, 'MemTotal');
  const unused = kilobytes(meminfo, 'MemFree');
  if (total === undefined || unused === undefined) throw new Error('meminfo says nothing of MemTotal and MemFree');
  const swap = kilobytes(meminfo, 'SwapTotal') ?? 0;
  const unusedSwap = kilobytes(meminfo, 'SwapFree') ?? 0;
  return {
    'Mem.total': total,
    'Mem.used': total - unused,
    'Mem.free': kilobytes(meminfo, 'MemAvailable') ?? unused,
    'Swap.total': swap,
    'Swap.used': swap - unusedSwap,
    'Swap.free': unusedSwap,
  };
}

/** What a process has in memory; 0 for one of the kernel. */
export function residentBytes(status: string): number {
  return (kilobytes(status, 'VmRSS') ?? 0) * 1024;
}

const UNITS = ['b', 'K', 'M', 'G', 'T', 'P'];

/** `12.5M`. */
export function shortSize(bytes: number): string {
  let size = bytes;
  let unit = 0;
  for (; size >= 1024 && unit < UNITS.length - 1; unit++) size /= 1024;
  return unit === 0 ? `${bytes}b` : `${size.toFixed(1)}${UNITS[unit]}`;
}
