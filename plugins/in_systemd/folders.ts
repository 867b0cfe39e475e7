/**
 * Where journal files are: in the folder itself and in its folders that are named by the id of a machine. `scan` lists
 * them, `watch` tells when something changed (inotify, through fs.watch); that is a hint which makes things quick, since
 * it does not work everywhere and may miss something.
 */
import fs from 'node:fs';
import path from 'node:path';

export interface Root {
  readonly path: string;
  /** Only files of this machine's id; undefined: of any machine. */
  readonly machineId: string | undefined;
}

export interface Found {
  readonly path: string;
  /** Device and inode. */
  readonly key: string;
}

const MACHINE_ID = '/etc/machine-id';
const JOURNAL = /\.journal~?$/;
/** With a dot and a name after it, it is a namespace, which is asked for by nobody here. */
const ID = /^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** The folders that are read: the given one, or those of this machine. */
export function rootsOf(given: string | undefined, machineIdFile = MACHINE_ID): Root[] {
  if (given !== undefined) return [{ path: given, machineId: undefined }];
  return [
    { path: '/run/log/journal', machineId: undefined },
    { path: '/var/log/journal', machineId: readMachineId(machineIdFile) },
  ];
}

/** A container often has no id: then every machine is taken for the right one. */
function readMachineId(file: string): string | undefined {
  try {
    const id = fs.readFileSync(file, 'latin1').trim().toLowerCase();
    return ID.test(id) ? id : undefined;
  } catch {
    return undefined;
  }
}

export class Folders {
  readonly #roots: readonly Root[];
  readonly #watchers = new Map<string, fs.FSWatcher>();
  #onChange: ((isRename: boolean) => void) | undefined;

  constructor(roots: readonly Root[]) {
    this.#roots = roots;
  }

  /** Every journal file that is there now, in the order of its path. Folders that cannot be read are left out. */
  scan(): Found[] {
    const found: Found[] = [];
    const folders = new Set<string>();
    for (const root of this.#roots) {
      folders.add(root.path);
      for (const entry of list(root.path)) {
        if (JOURNAL.test(entry.name)) add(found, path.join(root.path, entry.name));
        else if (isWanted(root, entry)) folders.add(path.join(root.path, entry.name));
      }
    }
    for (const folder of folders) {
      if (!this.#roots.some((root) => root.path === folder))
        for (const { name } of list(folder)) if (JOURNAL.test(name)) add(found, path.join(folder, name));
    }
    this.#watch(folders);
    return found;
  }

  /** From the next scan on; `isRename`: a file came or went. */
  watch(onChange: (isRename: boolean) => void): void {
    this.#onChange = onChange;
  }

  close(): void {
    this.#onChange = undefined;
    this.#watch(new Set());
  }

  #watch(folders: ReadonlySet<string>): void {
    for (const [folder, watcher] of this.#watchers)
      if (!folders.has(folder)) {
        watcher.close();
        this.#watchers.delete(folder);
      }
    if (!this.#onChange) return;
    for (const folder of folders) if (!this.#watchers.has(folder)) this.#add(folder);
  }

  #add(folder: string): void {
    const forget = (watcher: fs.FSWatcher): void => {
      watcher.close();
      if (this.#watchers.get(folder) === watcher) this.#watchers.delete(folder);
    };
    try {
      const watcher = fs.watch(folder, (type, name) => {
        // The folder itself was removed: one of the same name may come.
        if (type === 'rename' && name === path.basename(folder)) forget(watcher);
        this.#onChange?.(type === 'rename');
      });
      watcher.on('error', () => forget(watcher));
      this.#watchers.set(folder, watcher);
    } catch {
      // Not there yet, or no watch left: the next scan tries again.
    }
  }
}

function list(folder: string): fs.Dirent[] {
  try {
    return fs.readdirSync(folder, { withFileTypes: true }).sort((a, b) => (a.name < b.name ? -1 : 1));
  } catch {
    return [];
  }
}

function isWanted(root: Root, entry: fs.Dirent): boolean {
  if (entry.isFile() || !ID.test(entry.name)) return false;
  return root.machineId === undefined || entry.name.replaceAll('-', '').toLowerCase() === root.machineId;
}

function add(found: Found[], file: string): void {
  const stat = fs.statSync(file, { throwIfNoEntry: false, bigint: true });
  if (stat?.isFile()) found.push({ path: file, key: `${stat.dev}:${stat.ino}` });
}
