/** The library `io`, for files: scripts read tables of their own, and write what they want to see. All synchronous. */
import fs from 'node:fs';
import { numberArgument, textArgument } from './arguments.ts';
import { fail } from './errors.ts';
import { numberText, toNumber } from './numbers.ts';
import { type LuaFunction, type LuaTable, LuaUserdata, type LuaValue, tableOf } from './table.ts';
import { bytesOf, textOf } from './text.ts';

const MODES = /^[rwa]\+?b?$/;

/** An open file. What is read comes from `#content`, which is read whole at the first reading. */
class OpenFile extends LuaUserdata {
  #fd: number | undefined;
  #content: string | undefined;
  #at = 0;

  constructor(fd: number, methods: LuaTable) {
    super(`file (0x${fd.toString(16)})`, methods);
    this.#fd = fd;
  }

  get fd(): number {
    return this.#fd ?? fail('attempt to use a closed file');
  }

  get isOpen(): boolean {
    return this.#fd !== undefined;
  }

  close(): void {
    // The standard streams stay open.
    if (this.fd > 2) fs.closeSync(this.fd);
    this.#fd = undefined;
  }

  write(text: string): void {
    fs.writeSync(this.fd, Buffer.from(text, 'latin1'));
    this.#content = undefined;
  }

  /** One value by `*l`, `*L`, `*a`, `*n`, or a number of bytes; undefined at the end. */
  read(format: LuaValue): LuaValue {
    this.#content ??= fs.readFileSync(this.fd === 0 ? '/dev/stdin' : this.fd, 'latin1');
    const content = this.#content;
    if (typeof format === 'number') {
      if (this.#at >= content.length && format > 0) return undefined;
      return this.#take(this.#at + format);
    }
    const kind = textArgument(format ?? '*l', 1, 'read').replace('*', '')[0];
    if (kind === 'a') return this.#take(content.length);
    if (this.#at >= content.length) return undefined;
    if (kind === 'n') {
      const digits = /^\s*[-+]?[0-9.]+(?:[eE][-+]?\d+)?/.exec(content.slice(this.#at, this.#at + 400))?.[0] ?? '';
      return toNumber(this.#take(this.#at + digits.length));
    }
    if (kind !== 'l' && kind !== 'L') fail("bad argument #1 to 'read' (invalid format)");
    const end = content.indexOf('\n', this.#at);
    const line = this.#take(end < 0 ? content.length : end + 1);
    return kind === 'l' ? line.replace(/\n$/, '') : line;
  }

  #take(end: number): string {
    const text = (this.#content as string).slice(this.#at, end);
    this.#at = Math.min(end, (this.#content as string).length);
    return text;
  }

  seek(whence: string, offset: number): number {
    this.#content ??= fs.readFileSync(this.fd, 'latin1');
    const base = whence === 'set' ? 0 : whence === 'end' ? this.#content.length : this.#at;
    this.#at = Math.max(0, base + offset);
    return this.#at;
  }
}

const opened = (value: LuaValue): OpenFile =>
  value instanceof OpenFile ? value : fail('bad argument #1 (FILE* expected)');

function fileMethods(): LuaTable {
  const methods = tableOf({
    close: (file) => {
      opened(file).close();
      return true;
    },
    flush: (file) => file,
    lines: (file) => lines(opened(file), false),
    read: (file, ...formats) => (formats.length === 0 ? ['*l'] : formats).map((format) => opened(file).read(format)),
    seek: (file, whence, offset) =>
      opened(file).seek(
        whence === undefined ? 'cur' : textArgument(whence, 2, 'seek'),
        numberArgument(offset, 3, 'seek', 0),
      ),
    setvbuf: () => true,
    write: (file, ...values) => {
      for (const value of values) opened(file).write(written(value));
      return file;
    },
    __tostring: (file) => (opened(file).isOpen ? opened(file).label : 'file (closed)'),
  });
  methods.setText('__index', methods);
  return methods;
}

function written(value: LuaValue): string {
  return typeof value === 'number' ? numberText(value) : textArgument(value, 1, 'write');
}

function lines(file: OpenFile, closes: boolean): LuaFunction {
  return () => {
    const line = file.read('*l');
    if (line === undefined && closes) file.close();
    return line;
  };
}

/** `write` takes what goes to standard output. */
export function ioLibrary(write: (text: string) => void): LuaTable {
  const methods = fileMethods();
  const open = (name: string, mode: string): OpenFile =>
    new OpenFile(fs.openSync(textOf(name), mode.replace('b', '')), methods);
  return tableOf({
    stdin: new OpenFile(0, methods),
    stdout: new OpenFile(1, methods),
    stderr: new OpenFile(2, methods),
    close: (file) => {
      opened(file).close();
      return true;
    },
    lines: (name) => {
      const text = textArgument(name, 1, 'lines');
      try {
        return lines(open(text, 'r'), true);
      } catch {
        return fail(`bad argument #1 to 'lines' (${text}: No such file or directory)`);
      }
    },
    open: (name, mode) => {
      const [text, how] = [textArgument(name, 1, 'open'), mode === undefined ? 'r' : textArgument(mode, 2, 'open')];
      if (!MODES.test(how)) fail("bad argument #2 to 'open' (invalid mode)");
      try {
        return open(text, how);
      } catch (error) {
        const { code, errno } = error as NodeJS.ErrnoException;
        const why = code === 'ENOENT' ? 'No such file or directory' : bytesOf((error as Error).message);
        return [undefined, `${text}: ${why}`, Math.abs(errno ?? 1)];
      }
    },
    popen: () => fail('io.popen is not available here'),
    type: (file) => (file instanceof OpenFile ? (file.isOpen ? 'file' : 'closed file') : undefined),
    write: (...values) => {
      write(values.map(written).join(''));
      return true;
    },
  });
}
