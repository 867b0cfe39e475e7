/**
 * Files that came and went between two looks: a log that was rotated twice leaves one that never had its name while
 * anybody looked. In: the file that had the name when it was last seen and the one that has it now; out: those in the
 * same directory that were made between the two and whose names begin with the same name (`app.log.2`,
 * `0.log.20260101-000000`), in the order in which they were made.
 *
 * Such a file was made after the old one was renamed or deleted, which is the last thing that changed the old one's
 * ctime; a copy that somebody made of a living log (copytruncate) is older than that. Where the file system does not keep
 * when a file was made, nothing is found. Packed files are left out: what is in them was read before.
 */
import fs from 'node:fs';
import path from 'node:path';
import { statOf } from './descriptors.ts';
import type { TailFile } from './file.ts';

export interface Missed {
  readonly path: string;
  readonly stat: fs.BigIntStats;
}

const PACKED = /\.(?:gz|bz2|xz|zst|lz4|zip|tmp)$/i;

export function findBetween(old: TailFile, now: TailFile, isFollowed: (stat: fs.BigIntStats) => boolean): Missed[] {
  const left = changedAt(old);
  if (left === undefined || now.born < left) return [];
  const prefix = path.basename(now.realPath ?? now.name);
  const missed: Missed[] = [];
  for (const directory of directoriesOf(old, now)) {
    for (const name of namesWith(directory, prefix)) {
      const file = path.resolve(directory, name);
      const stat = statOf(file);
      if (!stat?.isFile() || stat.birthtimeNs < left || stat.birthtimeNs >= now.born) continue;
      const isOther = stat.ino !== old.inode && stat.ino !== now.inode;
      if (isOther && !isFollowed(stat) && !missed.some((other) => other.stat.ino === stat.ino))
        missed.push({ path: file, stat });
    }
  }
  return missed.sort((a, b) => (a.stat.birthtimeNs < b.stat.birthtimeNs ? -1 : 1));
}

/** When the file's inode was last changed. */
function changedAt(file: TailFile): bigint | undefined {
  try {
    if (file.fd >= 0) return fs.fstatSync(file.fd, { bigint: true }).ctimeNs;
    return file.path === undefined ? undefined : statOf(file.path)?.ctimeNs;
  } catch {
    return undefined;
  }
}

function directoriesOf(old: TailFile, now: TailFile): Set<string> {
  const files = [now.realPath ?? now.name, old.path].filter((file) => file !== undefined);
  return new Set(files.map((file) => path.resolve(path.dirname(file))));
}

function namesWith(directory: string, prefix: string): string[] {
  try {
    return fs.readdirSync(directory).filter((name) => name.startsWith(prefix) && name !== prefix && !PACKED.test(name));
  } catch {
    return [];
  }
}
