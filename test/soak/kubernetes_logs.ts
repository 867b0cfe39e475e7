/**
 * A soak of the input kubernetes_logs: a fake cluster whose pods come, go, restart and rotate their logs while
 * connections are cut at random and Sluice is killed. At the end every container's lines must have come, each once and
 * in order.
 *
 * The numbers of a run come from its seed; times are real. Logs are only taken away (a pod deleted, a file rotated, a
 * container restarted a second time) when their lines have arrived: otherwise nobody could read them. With
 * `kill: 'quiet'` a kill comes while the sink answers nothing, so that no answer is on its way; with 'any' it comes at
 * any moment, and what was on its way may come twice, as it must.
 */
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as after } from 'node:timers/promises';
import type { FakePod } from '../support/fake_kube/pod.ts';
import { FakeKube } from '../support/fake_kube/server.ts';
import { randomFrom } from '../torture/random.ts';
import { Router } from './router.ts';
import { Sink } from './sink.ts';

export interface SoakPlan {
  readonly folder: string;
  readonly seed: number;
  readonly pods: number;
  /** How many of them are there at once, at most. */
  readonly alive: number;
  readonly lines: number;
  readonly seconds: number;
  readonly kills: number;
  readonly cutEveryMs: number;
  readonly kill: 'quiet' | 'any';
}

export interface SoakResult {
  readonly written: number;
  readonly arrived: number;
  /** `CONTAINER: what is wrong`. */
  readonly missing: readonly string[];
  readonly disordered: readonly string[];
  readonly repeated: number;
  readonly gaps: number;
  readonly cuts: number;
  readonly restarts: number;
  readonly rotations: number;
  readonly kills: number;
  readonly peakBytes: number;
  readonly cpuSeconds: number;
  readonly seconds: number;
  readonly errors: string;
}

const CONTAINERS = ['app', 'proxy'];
const STEP_MS = 20;
/** No more lines than this are written that have not arrived. */
const MOST_ON_THE_WAY = 10_000;
/** Nothing arrives any more when nothing came for so long. */
const LAST_ARRIVAL_MS = 60_000;

export async function soak(plan: SoakPlan): Promise<SoakResult> {
  const run = new Soak(plan);
  await run.sink.start();
  run.fake = await FakeKube.start();
  try {
    return await run.all();
  } finally {
    await run.router?.end('SIGKILL');
    await run.fake.stop();
    run.sink.stop();
  }
}

class Soak {
  readonly #plan: SoakPlan;
  readonly #random: () => number;
  readonly sink = new Sink();
  fake!: FakeKube;
  router: Router | undefined;
  readonly #alive: FakePod[] = [];
  readonly #ended: FakePod[] = [];
  /** Lines written, by container. */
  readonly #written = new Map<string, number>();
  /** Lines written when the present run began. */
  readonly #runStart = new Map<string, number>();
  #made = 0;
  #total = 0;
  #cuts = 0;
  #restarts = 0;
  #rotations = 0;
  #kills = 0;

  constructor(plan: SoakPlan) {
    this.#plan = plan;
    this.#random = randomFrom(plan.seed);
  }

  async all(): Promise<SoakResult> {
    const { folder, lines, seconds, kills, cutEveryMs } = this.#plan;
    const config = path.join(folder, 'sluice.conf');
    fs.writeFileSync(config, this.#config());
    this.router = new Router(config);
    await this.router.warm();
    for (let i = 0; i < this.#plan.alive * 0.7; i++) this.#makePod();
    this.router.start();
    const startedAt = performance.now();
    const steps = (seconds * 1000) / STEP_MS;
    const killSteps = Array.from({ length: kills }, (_, i) =>
      Math.floor(((i + 0.5 + this.#random() * 0.4) / kills) * steps),
    );
    let nextCut = cutEveryMs;
    for (let step = 1; step <= steps; step++) {
      this.#writeUntil(Math.floor((lines * step) / steps));
      this.#change(step / steps);
      const now = performance.now() - startedAt;
      if (now >= nextCut) {
        this.#cut();
        nextCut += cutEveryMs;
      }
      if (step === killSteps[0]) {
        killSteps.shift();
        await this.#kill();
      }
      await after(Math.max(step * STEP_MS - (performance.now() - startedAt), 1));
      await this.#keepUp();
    }
    await this.#untilArrived();
    const elapsed = (performance.now() - startedAt) / 1000;
    await this.router.end('SIGTERM');
    return this.#result(elapsed);
  }

  #config(): string {
    const { folder } = this.#plan;
    return `[SERVICE]
    Flush 0.5
    Grace 5
    Log_Level warn
[INPUT]
    Name kubernetes_logs
    Kube_URL ${this.fake.url}
    Namespaces *
    Read_From start
    DB ${folder}/logs.db
    Open_Rate 300
[OUTPUT]
    Name http
    Match *
    Host 127.0.0.1
    Port ${this.sink.port}
    Format json_lines
    Retry_Limit no_limits
    net.max_worker_connections 1
`;
  }

  #makePod(): void {
    if (this.#made >= this.#plan.pods) return;
    const name = `pod-${this.#made++}`;
    this.#alive.push(this.fake.pod({ name, namespace: `ns-${this.#made % 3}`, containers: CONTAINERS }));
  }

  #writeUntil(total: number): void {
    while (this.#total < total) {
      const pod = this.#pick(this.#alive);
      if (!pod) return;
      const container = this.#random() < 0.7 ? 'app' : 'proxy';
      // Most write a line now and then, some many at once.
      const burst = this.#random() < 0.02 ? 200 : 1 + Math.floor(this.#random() * 3);
      for (let i = 0; i < burst && this.#total < total; i++) this.#write(pod, container);
    }
  }

  #write(pod: FakePod, container: string): void {
    const key = `${pod.name}/${container}`;
    const number = this.#written.get(key) ?? 0;
    pod.write(`${key}#${number} ${'x'.repeat(Math.floor(this.#random() * 150))}`, container);
    this.#written.set(key, number + 1);
    this.#total++;
  }

  /** Pods come, go and restart, logs rotate. */
  #change(progress: number): void {
    const { pods, alive } = this.#plan;
    const wanted = alive * 0.7 + (pods - alive * 0.7) * progress;
    while (this.#made < Math.min(wanted, pods)) {
      if (this.#alive.length >= alive) this.#finish();
      this.#makePod();
    }
    const container = this.#random() < 0.5 ? 'app' : 'proxy';
    if (this.#random() < 0.2) this.#restart(this.#pick(this.#alive), container);
    if (this.#random() < 0.2) this.#rotate(this.#pick(this.#alive), container);
    for (const pod of this.#ended.splice(0))
      if (this.#hasArrived(pod)) pod.delete();
      else this.#ended.push(pod);
  }

  #finish(): void {
    const index = Math.floor(this.#random() * this.#alive.length);
    const [pod] = this.#alive.splice(index, 1);
    pod?.finish();
    if (pod) this.#ended.push(pod);
  }

  #restart(pod: FakePod | undefined, container: string): void {
    const key = `${pod?.name}/${container}`;
    // What came before the present run must be there: the run before it cannot be read any more after this.
    if (!pod || this.sink.count(key) < (this.#runStart.get(key) ?? 0)) return;
    pod.restart(container);
    this.#runStart.set(key, this.#written.get(key) ?? 0);
    this.#restarts++;
  }

  #rotate(pod: FakePod | undefined, container: string): void {
    const key = `${pod?.name}/${container}`;
    if (!pod || this.sink.count(key) < (this.#written.get(key) ?? 0)) return;
    pod.log(container).rotate(this.#random() < 0.5 ? 'follow' : 'end');
    this.#rotations++;
  }

  #hasArrived(pod: FakePod): boolean {
    return CONTAINERS.every((name) => {
      const key = `${pod.name}/${name}`;
      return this.sink.count(key) >= (this.#written.get(key) ?? 0);
    });
  }

  #cut(): void {
    const open = this.fake.open(/./);
    this.#cuts += this.fake.cut(/./, Math.ceil(open * this.#random() * 0.1));
    // Those that were opened first are always the first ones; the watches are among them.
    if (this.#random() < 0.2) this.#cuts += this.fake.cut(/./, Math.ceil(open * 0.5));
  }

  async #kill(): Promise<void> {
    if (this.#plan.kill === 'quiet') {
      this.sink.hold();
      await this.router?.untilIdle();
    }
    await this.router?.end('SIGKILL');
    this.sink.release();
    this.#kills++;
    await after(this.#random() * 300);
    this.router?.start();
  }

  async #keepUp(): Promise<void> {
    const due = () => this.#total - this.sink.different;
    await this.#whileArriving(() => due() > MOST_ON_THE_WAY);
  }

  async #untilArrived(): Promise<void> {
    await this.#whileArriving(() => this.sink.different < this.#total);
    // What comes twice may come late.
    await after(1500);
  }

  /** Waits while `more` says so, and lines still come. */
  async #whileArriving(more: () => boolean): Promise<void> {
    let [came, since] = [this.sink.total, performance.now()];
    while (more() && performance.now() - since < LAST_ARRIVAL_MS) {
      await after(50);
      if (this.sink.total === came) continue;
      [came, since] = [this.sink.total, performance.now()];
    }
  }

  #pick<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.#random() * list.length)];
  }

  #result(seconds: number): SoakResult {
    const missing: string[] = [];
    const disordered: string[] = [];
    let repeated = 0;
    for (const [key, count] of this.#written) {
      const came = this.sink.came.get(key) ?? [];
      const first = [...new Set(came)];
      repeated += came.length - first.length;
      const lost = Array.from({ length: count }, (_, i) => i).filter((i) => !first.includes(i));
      if (lost.length > 0) missing.push(`${key}: ${lost.length} lines from ${lost[0]} on`);
      const early = first.findIndex((number, i) => i > 0 && number < (first[i - 1] as number));
      if (early > 0) disordered.push(`${key}: ${first[early]} came after ${first[early - 1]}`);
    }
    return {
      ...{ written: this.#total, arrived: this.sink.total, missing, disordered, repeated, gaps: this.sink.gaps },
      ...{ cuts: this.#cuts, restarts: this.#restarts, rotations: this.#rotations, kills: this.#kills, seconds },
      peakBytes: this.router?.peakBytes ?? 0,
      cpuSeconds: this.router?.cpuSeconds ?? 0,
      errors: this.router?.errors ?? '',
    };
  }
}
