/**
 * Random histories of a log file (written, rotated in several ways, read, the router stopped or killed and started
 * again) against a model that only knows which lines were written. What must hold: every line comes; in order within a
 * file; exactly once, unless the router was killed or something was lost on the way.
 */
import fs from 'node:fs';
import t from 'tap';
import fc from '../../test/support/fast_check.ts';
import { TailFolder } from '../../test/support/tail_folder.ts';

type Action =
  | 'line'
  | 'lines'
  | 'part'
  | 'rename'
  | 'copytruncate'
  | 'delete'
  | 'poll'
  | 'scan'
  | 'settle'
  | 'stop'
  | 'kill';

class History {
  readonly folder: TailFolder;
  readonly written: string[] = [];
  readonly seen: string[] = [];
  wasKilled = false;
  #part = '';
  #rotations = 0;

  constructor(directory: string) {
    this.folder = new TailFolder(directory, {
      options: { path: `${directory}/app.log`, db: `${directory}/pos.db`, max_open_files: '16' },
    });
    this.folder.write('app.log', '').start();
  }

  /** Long enough that markers differ, and each is unlike any other. */
  #newLine(): string {
    const line = `line ${this.written.length} of ${this.#rotations}`;
    this.written.push(line);
    return line;
  }

  run(action: Action): void {
    const { folder } = this;
    switch (action) {
      case 'line':
        this.#append(`${this.#newLine()}\n`);
        break;
      case 'lines':
        this.#append(Array.from({ length: 50 }, () => `${this.#newLine()}\n`).join(''));
        break;
      case 'part':
        if (this.#part === '') {
          this.#part = this.#newLine();
          folder.append('app.log', this.#part.slice(0, 4));
        }
        break;
      case 'rename':
        this.#finishPart();
        this.#waitForTick();
        folder.rename('app.log', `app.log.${++this.#rotations}`).write('app.log', '');
        break;
      case 'copytruncate':
        // What is not read before the truncation is gone for everybody; this is about what comes after.
        this.#finishPart();
        folder.poll();
        fs.copyFileSync(folder.file('app.log'), folder.file(`app.log.${++this.#rotations}`));
        this.#waitForTick();
        fs.truncateSync(folder.file('app.log'));
        folder.poll();
        break;
      case 'delete':
        this.#finishPart();
        folder.poll().remove('app.log').write('app.log', '').poll();
        break;
      case 'poll':
        folder.poll();
        break;
      case 'scan':
        folder.scan();
        break;
      case 'settle':
        folder.settle();
        break;
      case 'stop':
        folder.stop();
        this.#keep();
        folder.start();
        break;
      case 'kill':
        this.wasKilled = true;
        folder.poll().kill();
        this.#keep();
        folder.start();
        break;
    }
  }

  end(): void {
    this.#finishPart();
    this.folder.scan().scan().stop();
    this.#keep();
  }

  #append(text: string): void {
    this.#finishPart();
    this.folder.append('app.log', text);
  }

  /** The kernel's clock for files goes in steps of some milliseconds; a copy is older than the truncation. */
  #waitForTick(): void {
    const now = (): bigint => {
      this.folder.write('tick', '');
      return fs.statSync(this.folder.file('tick'), { bigint: true }).ctimeNs;
    };
    const before = now();
    while (now() === before);
  }

  #finishPart(): void {
    if (this.#part !== '') this.folder.append('app.log', `${this.#part.slice(4)}\n`);
    this.#part = '';
  }

  #keep(): void {
    this.seen.push(...this.folder.lines);
  }
}

const ALL: readonly Action[] = [
  'line',
  'lines',
  'part',
  'rename',
  'copytruncate',
  'delete',
  'poll',
  'scan',
  'settle',
  'stop',
];
const histories = (actions: readonly Action[]) =>
  fc.array(fc.constantFrom(...actions), { minLength: 3, maxLength: 25 });

/** Histories that once went wrong: a file between two others is found after both. */
const KNOWN = [
  'rename rename stop stop rename line rename stop line line',
  'rename rename line copytruncate rename stop line',
  'rename rename line copytruncate delete stop line stop line',
].map((history): [Action[]] => [history.split(' ') as Action[]]);

t.test('without a kill every line comes exactly once and in order', async (t) => {
  let runs = 0;
  fc.assert(
    fc.property(histories(ALL), (actions) => {
      const history = new History(`${t.testdir({ [`${++runs}`]: {} })}/${runs}`);
      for (const action of actions) history.run(action);
      history.end();
      t.strictSame(history.seen, history.written, actions.join(' '));
      return history.seen.join() === history.written.join();
    }),
    { numRuns: 150, seed: 20_261, examples: KNOWN },
  );
});

t.test('with kills every line comes at least once', async (t) => {
  let runs = 0;
  // A file that is deleted or truncated before a kill takes what was not delivered along: nobody can read it again.
  const actions: readonly Action[] = ['line', 'lines', 'part', 'rename', 'poll', 'settle', 'stop', 'kill'];
  fc.assert(
    fc.property(histories(actions), (actions) => {
      const history = new History(`${t.testdir({ [`${++runs}`]: {} })}/${runs}`);
      for (const action of actions) history.run(action);
      history.end();
      const seen = new Set(history.seen);
      const lost = history.written.filter((line) => !seen.has(line));
      t.strictSame(lost, [], actions.join(' '));
      return lost.length === 0 && (history.wasKilled || history.seen.length === history.written.length);
    }),
    { numRuns: 150, seed: 20_262 },
  );
});
