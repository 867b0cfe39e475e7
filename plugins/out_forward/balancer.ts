/**
 * Which of several servers is next: they take turns by their weights, and those that failed are left out for a while,
 * which doubles with every failure. Where all are down, the one that has been down longest is tried.
 */
import type { Clock, Level } from '../../src/plugin.ts';
import type { Target } from './target.ts';

const FIRST_WAIT_MS = 5000;
const LONGEST_WAIT_MS = 60_000;

interface Node {
  readonly target: Target;
  /** How much its turn is due; the sum over all nodes is 0. */
  due: number;
  failures: number;
  downUntil: number;
}

export class Balancer {
  readonly #nodes: readonly Node[];
  readonly #clock: Clock;
  readonly #log: (level: Level, message: string) => void;

  constructor(targets: readonly Target[], clock: Clock, log: (level: Level, message: string) => void) {
    this.#nodes = targets.map((target) => ({ target, due: 0, failures: 0, downUntil: 0 }));
    this.#clock = clock;
    this.#log = log;
  }

  get targets(): readonly Target[] {
    return this.#nodes.map(({ target }) => target);
  }

  /** The server to try next for a batch, `tried` left out; undefined where none is left that is not known to be down. */
  next(tried: ReadonlySet<Target>): Target | undefined {
    const now = this.#clock.monotonic();
    const free = this.#nodes.filter(({ target }) => !tried.has(target));
    const up = free.filter(({ downUntil }) => downUntil <= now);
    if (up.length === 0 && tried.size === 0)
      return free.reduce((first, node) => (node.downUntil < first.downUntil ? node : first)).target;
    if (up.length === 0) return undefined;
    let total = 0;
    for (const node of up) {
      node.due += node.target.weight;
      total += node.target.weight;
    }
    const chosen = up.reduce((most, node) => (node.due > most.due ? node : most));
    chosen.due -= total;
    return chosen.target;
  }

  worked(target: Target): void {
    const node = this.#of(target);
    if (node.failures > 0 && this.#nodes.length > 1) this.#log('info', `${target.name} is up again`);
    node.failures = 0;
    node.downUntil = 0;
  }

  failed(target: Target, reason: string): void {
    const node = this.#of(target);
    const waitMs = Math.min(FIRST_WAIT_MS * 2 ** node.failures, LONGEST_WAIT_MS);
    if (node.failures === 0 && this.#nodes.length > 1)
      this.#log('warn', `${target.name} is down, the others take its place: ${reason}`);
    node.failures++;
    node.due = 0;
    node.downUntil = this.#clock.monotonic() + waitMs;
  }

  #of(target: Target): Node {
    return this.#nodes.find((node) => node.target === target) as Node;
  }
}
