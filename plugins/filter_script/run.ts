/**
 * Batches through a script, event by event. Whatever it does, no event is lost: one whose call throws goes on as it was,
 * and so do those that are left when the time of the batch is over. A script that is out of time again and again is left
 * alone for a while, so that the pipeline goes on.
 */
import { isFields, type LogEvent, type Value } from '../../src/data/event.ts';
import type { FilterHost } from '../../src/plugin.ts';
import { Budget, ScriptTimeout } from './budget.ts';
import { ScriptEvent } from './script_event.ts';
import type { Result, Script } from './types.ts';

const COMPLAINT_MS = 10_000;
/** So many batches out of time in a row are enough. */
const MOST_TIMEOUTS = 3;
const REST_MS = 60_000;

export class ScriptRunner {
  readonly #script: Script<object>;
  readonly #host: FilterHost;
  readonly #budget: Budget;
  #timeouts = 0;
  #restsUntil = Number.NEGATIVE_INFINITY;
  #complained = Number.NEGATIVE_INFINITY;
  #unsaid = 0;
  #loopSaid = false;
  /** The batch at hand, and the event of it that the script has. */
  #events: LogEvent[] = [];
  #at = 0;
  /** What goes on of the events before, undefined as long as all of them do; and what goes on under another tag. */
  #kept: LogEvent[] | undefined;
  #moved: Map<string, LogEvent[]> | undefined;

  constructor(script: Script<object>, host: FilterHost, limitSeconds: number) {
    this.#script = script;
    this.#host = host;
    this.#budget = new Budget(limitSeconds, () => host.clock.monotonic());
  }

  run(events: LogEvent[], tag: string): LogEvent[] {
    if (this.#restsUntil > this.#host.clock.monotonic()) {
      this.#host.count('script_skipped_total', events.length);
      return events;
    }
    this.#events = events;
    this.#kept = undefined;
    this.#moved = undefined;
    this.#budget.begin();
    for (this.#at = 0; this.#at < events.length; this.#at++) if (!this.#one(events[this.#at] as LogEvent, tag)) break;
    this.#budget.end();
    if (this.#at < events.length) this.#outOfTime(events.slice(this.#at));
    else this.#timeouts = 0;
    const kept = this.#kept ?? events;
    this.#events = [];
    this.#kept = undefined;
    return this.#moved ? this.#emit(kept, this.#moved) : kept;
  }

  /** False when the time is over. */
  #one(event: LogEvent, tag: string): boolean {
    try {
      const handed = new ScriptEvent(event, tag);
      const result = this.#script(handed, tag);
      if ((result === handed || result === undefined || result === true) && handed.tag === tag) {
        handed.change(event);
        this.#kept?.push(event);
      } else this.#take(handed, result, tag);
    } catch (error) {
      if (error instanceof ScriptTimeout || this.#budget.isOver) return false;
      this.#failed(error);
      this.#kept?.push(event);
    }
    return true;
  }

  /** What is not simply the event, changed or not. */
  #take(handed: ScriptEvent, result: Result, tag: string): void {
    if (result instanceof Promise || Array.isArray(result)) refusePromises(result);
    // All of them are made before the first goes, so that a bad one loses none.
    const made = listOf(handed, result).map((one) => eventOf(one, handed));
    this.#kept ??= this.#events.slice(0, this.#at);
    for (const { event, newTag } of made) this.#put(this.#kept, event, newTag, tag);
  }

  #put(kept: LogEvent[], event: LogEvent, newTag: string, tag: string): void {
    if (newTag === tag) {
      kept.push(event);
      return;
    }
    this.#moved ??= new Map();
    const group = this.#moved.get(newTag);
    if (group) group.push(event);
    else this.#moved.set(newTag, [event]);
  }

  /** Events that would go round in a circle come out under the tag they have. */
  #emit(kept: LogEvent[], moved: Map<string, LogEvent[]>): LogEvent[] {
    const all = kept;
    for (const [tag, events] of moved) {
      const settle = this.#host.hold();
      if (this.#host.emit(tag, events, settle)) continue;
      settle('safe');
      this.#host.count('loops_total', events.length);
      if (!this.#loopSaid)
        this.#host.log('error', `scripts send events round in a circle: '${tag}' leads back; they keep their tag`);
      this.#loopSaid = true;
      all.push(...events);
    }
    return all;
  }

  #outOfTime(left: readonly LogEvent[]): void {
    if (this.#kept) for (const event of left) this.#kept.push(event);
    this.#host.count('script_timeouts_total');
    this.#say(
      `the script was stopped, ${left.length} events stay as they are: ${new ScriptTimeout(this.#budget.seconds).message}`,
    );
    if (++this.#timeouts < MOST_TIMEOUTS) return;
    this.#timeouts = 0;
    this.#restsUntil = this.#host.clock.monotonic() + REST_MS;
    this.#host.log('error', `the script is left alone for ${REST_MS / 1000} s: it was stopped ${MOST_TIMEOUTS} times`);
  }

  #failed(error: unknown): void {
    this.#host.count('script_errors_total');
    const text = error instanceof Error ? `${error.message}${place(error)}` : String(error);
    this.#say(`the script failed, the event stays as it is: ${text}`);
  }

  #say(message: string): void {
    const now = this.#host.clock.monotonic();
    this.#unsaid++;
    if (now - this.#complained < COMPLAINT_MS) return;
    this.#host.log(
      'error',
      this.#unsaid > 1 ? `${message} (${this.#unsaid} times since the last such message)` : message,
    );
    [this.#complained, this.#unsaid] = [now, 0];
  }
}

/** Nobody waits for them; one that fails later must not end the program. @throws TypeError */
function refusePromises(result: Result): void {
  const promises = (Array.isArray(result) ? result : [result]).filter((one) => one instanceof Promise);
  for (const promise of promises) promise.catch(() => {});
  if (promises.length > 0) throw new TypeError('a script must not be asynchronous');
}

/** The events and records that a script returned. */
function listOf(handed: ScriptEvent, result: Result): readonly object[] {
  if (result === null || result === false) return [];
  if (result === undefined || result === true) return [handed];
  return Array.isArray(result) ? result : [result as object];
}

/** @throws TypeError */
function eventOf(value: object, handed: ScriptEvent): { event: LogEvent; newTag: string } {
  const isEvent = value instanceof ScriptEvent;
  if (!isEvent && !isFields(value as Value))
    throw new TypeError(`a script must return an event or a record, not ${typeof value}`);
  const newTag = isEvent ? value.tag : handed.tag;
  if (typeof newTag !== 'string' || newTag === '') throw new TypeError('the tag of an event must be a text');
  return { event: isEvent ? value.result() : handed.result(value), newTag };
}

/** Where in the script it happened. */
function place(error: Error): string {
  const match = /([^/\\\s(]+?)\?sluice-script=[^:]*:(\d+):\d+/.exec(error.stack ?? '');
  return match ? ` (${match[1]}:${match[2]})` : '';
}
