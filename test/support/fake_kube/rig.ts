/** For the tests of kubernetes_logs: an input on a fake cluster, on a virtual clock, and what is heard of it. */
import type { Test } from 'tap';
import { KubernetesLogs } from '../../../plugins/in_kubernetes_logs/follow.ts';
import { KUBERNETES_LOGS_OPTIONS } from '../../../plugins/in_kubernetes_logs/options.ts';
import { readSettings } from '../../../plugins/in_kubernetes_logs/settings.ts';
import { readOptions } from '../../../src/options.ts';
import type { Level, LogEvent, Settle } from '../../../src/plugin.ts';
import { sectionOf } from '../batch.ts';
import { TestHost, VirtualClock } from '../host.ts';
import { Heard } from './heard.ts';
import { FakeKube } from './server.ts';

/** A host that says every event (`TAG: LOG`, shortened) and every log line. */
class HearingHost extends TestHost {
  readonly heard: Heard;
  /** Settles at once, as a fast output does; otherwise a test does it. */
  settlesAtOnce = true;
  hasRoom = true;
  readonly #unsettled: Settle[] = [];

  constructor(heard: Heard, clock: VirtualClock, tag: string | undefined) {
    super({ clock, ...(tag === undefined ? {} : { tag }) });
    this.heard = heard;
  }

  override log(level: Level, message: string): void {
    super.log(level, message);
    this.heard.say(`${level}: ${message}`);
  }

  override emit(tag: string, events: LogEvent[], settle?: Settle): boolean {
    super.emit(tag, events, settle);
    for (const event of events) this.heard.say(`${nameOf(tag)}> ${event.body.gap ? 'GAP' : String(event.body.log)}`);
    if (!settle) return this.hasRoom;
    if (this.settlesAtOnce) settle('safe');
    else this.#unsettled.push(settle);
    return this.hasRoom;
  }

  settleAll(outcome: 'safe' | 'lost'): void {
    for (const settle of this.#unsettled.splice(0)) settle(outcome);
  }
}

/** `pod/container` of a default tag, the tag itself of another. */
function nameOf(tag: string): string {
  const match = /containers\.(.*)_(.*)_(.*)-[0-9a-f]{64}\.log$/.exec(tag);
  return match ? `${match[1]}/${match[3]}` : tag;
}

export interface LogsRig {
  readonly fake: FakeKube;
  readonly clock: VirtualClock;
  readonly host: HearingHost;
  readonly heard: Heard;
  readonly input: KubernetesLogs;
  /** Stops and closes; another rig may go on with the same fake and db. */
  end(): Promise<void>;
}

export interface LogsPlan {
  readonly options?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly fake?: FakeKube;
  readonly tag?: string;
}

export async function startLogs(
  t: Test,
  { options = {}, env = {}, fake: given, tag }: LogsPlan = {},
): Promise<LogsRig> {
  const fake = given ?? (await FakeKube.start());
  const clock = new VirtualClock(Date.now());
  const heard = new Heard();
  const host = new HearingHost(heard, clock, tag);
  const pairs = Object.entries({ kube_url: fake.url, namespaces: '*', ...options });
  const values = readOptions(KUBERNETES_LOGS_OPTIONS, sectionOf(pairs));
  const input = new KubernetesLogs(readSettings(values), host, env);
  let isOver = false;
  const end = async () => {
    if (isOver) return;
    isOver = true;
    await input.stop();
    await input.close();
  };
  t.teardown(async () => {
    await end();
    if (!given) await fake.stop();
  });
  await input.start();
  return { fake, clock, host, heard, input, end };
}

/** What was heard of events, as `POD/CONTAINER> LINE`. */
export const linesOf = ({ heard }: LogsRig): string[] => heard.all.filter((text) => /^[^:]*> /.test(text));

/** Until so many events came. Time moves on by `stepMs` between looks. */
export async function arrived(rig: LogsRig, count: number, stepMs = 0): Promise<void> {
  while (linesOf(rig).length < count) await rig.clock.advance(stepMs);
}

/** Until something is heard that fits; time moves on meanwhile. */
export async function heard(rig: LogsRig, what: RegExp): Promise<void> {
  let isHeard = false;
  void rig.heard.until(what).then(() => {
    isHeard = true;
  });
  while (!isHeard) await rig.clock.advance(10);
}

/** Until all pods were listed and the watch is open. */
export async function synced({ fake, clock }: LogsRig): Promise<void> {
  while (fake.open(/watch=true/) === 0) await clock.advance(0);
}

/** A fake cluster that outlives the inputs of a test. */
export async function cluster(t: Test): Promise<FakeKube> {
  const fake = await FakeKube.start();
  t.teardown(() => fake.stop());
  return fake;
}
