/**
 * One parser of a list at work on one file: decides whether a line is its own, and to which of its groups it belongs.
 */
import { getField, type LogEvent, NO_METADATA } from '../data/event.ts';
import type { MultilineParser, Parser } from '../plugin.ts';
import { Group, plainEvent } from './multiline_group.ts';
import { continuation, RuleGraph } from './rule_graph.ts';

/** With more groups than this, idle ones go: the values of Key_Group come from outside. */
const MANY_GROUPS = 64;

/** What a line brings along; one object a stream, filled anew for every line. */
export interface Line {
  position: number;
  /** The time of reading. */
  seconds: number;
  nanos: number;
  /** Monotonic milliseconds. */
  now: number;
  out: LogEvent[];
}

export type Shape = (event: LogEvent, position: number) => LogEvent;

/** A parser of the list, with what the input or filter wants differently. */
export class MemberPlan {
  readonly type: MultilineParser['type'];
  readonly parser: Parser | undefined;
  readonly keyContent: string | undefined;
  readonly keyPattern: string | undefined;
  readonly keyGroup: string | undefined;
  readonly matchText: string;
  readonly negate: boolean;
  readonly graph: RuleGraph;
  readonly flushMs: number;
  /** 0: no limit. */
  readonly limitBytes: number;

  constructor(parser: MultilineParser, keyContent: string | undefined, flushMs: number, limitBytes: number) {
    this.type = parser.type;
    this.parser = parser.parser;
    this.keyContent = keyContent ?? parser.keyContent;
    this.keyPattern = parser.keyPattern;
    this.keyGroup = parser.keyGroup;
    this.matchText = parser.matchText ?? '';
    this.negate = parser.negate;
    this.graph = new RuleGraph(parser.rules);
    this.flushMs = flushMs;
    this.limitBytes = limitBytes;
  }
}

export class Member {
  readonly plan: MemberPlan;
  readonly #shape: Shape | undefined;
  readonly #main = new Group();
  #named: Map<string, Group> | undefined;
  /** How many groups hold lines. */
  pending = 0;

  constructor(plan: MemberPlan, shape: Shape | undefined) {
    this.plan = plan;
    this.#shape = shape;
  }

  /** False where the line is not for this parser; then nothing has changed. */
  takeText(text: string, line: Line): boolean {
    const { parser } = this.plan;
    if (!parser) return this.#take(this.#main, undefined, text, text, line);
    const event = parser.parse(text, line.seconds, line.nanos);
    return event !== undefined && this.#takeFields(event, line);
  }

  /** The same for a record, whose text is under the content key. */
  takeEvent(event: LogEvent, line: Line): boolean {
    const { parser, keyContent } = this.plan;
    if (!parser) return this.#takeFields(event, line);
    const content = keyContent === undefined ? undefined : getField(event.body, keyContent);
    if (typeof content !== 'string') return false;
    const parsed = parser.parse(content, event.seconds, event.nanos);
    if (!parsed) return false;
    if (event.metadata !== NO_METADATA) parsed.metadata = event.metadata;
    return this.#takeFields(parsed, line);
  }

  /** Gives out the groups that have waited until `now`. */
  flush(now: number, out: LogEvent[]): void {
    if (this.pending === 0) return;
    if (this.#main.lines > 0 && now >= this.#main.deadline) this.#give(this.#main, out);
    if (this.#named)
      for (const group of this.#named.values()) if (group.lines > 0 && now >= group.deadline) this.#give(group, out);
  }

  get pendingPosition(): number {
    if (this.pending === 0) return Number.POSITIVE_INFINITY;
    let first = this.#main.position;
    if (this.#named) for (const { position } of this.#named.values()) first = Math.min(first, position);
    return first;
  }

  /** What is pending now is at this position. */
  moveTo(position: number): void {
    if (this.#main.lines > 0) this.#main.position = position;
    if (this.#named) for (const group of this.#named.values()) if (group.lines > 0) group.position = position;
  }

  #takeFields(event: LogEvent, line: Line): boolean {
    const { keyContent, keyPattern, keyGroup } = this.plan;
    const { body } = event;
    // No field of Object.prototype is a string, so that a plain read is as safe as getField.
    const content = keyContent === undefined ? undefined : body[keyContent];
    if (typeof content !== 'string') return false;
    const pattern = keyPattern === undefined ? content : body[keyPattern];
    const name = keyGroup === undefined ? undefined : body[keyGroup];
    const group = typeof name === 'string' ? this.#group(name) : this.#main;
    return this.#take(group, event, content, typeof pattern === 'string' ? pattern : content, line);
  }

  #group(name: string): Group {
    this.#named ??= new Map();
    let group = this.#named.get(name);
    if (group) return group;
    if (this.#named.size >= MANY_GROUPS)
      for (const [key, { lines }] of this.#named) if (lines === 0) this.#named.delete(key);
    group = new Group();
    this.#named.set(name, group);
    return group;
  }

  /** `event` is undefined for plain text. */
  #take(group: Group, event: LogEvent | undefined, content: string, pattern: string, line: Line): boolean {
    const { type, matchText, negate, keyContent } = this.plan;
    if (type === 'regex') return this.#takeByRules(group, event, content, line);
    const fits = type === 'equal' ? pattern === matchText : pattern.endsWith(matchText);
    // As Fluent Bit; but plain text that is so short, which it loses, is a line like others here.
    if (!fits && event && type === 'endswith' && pattern.length < matchText.length) return false;
    const isLast = fits !== negate;
    if (isLast && group.lines === 0) this.#single(event, content, line);
    else {
      this.#open(group, event, line);
      if (keyContent === undefined) group.breakLine();
      group.add(content);
      if (isLast) this.#give(group, line.out);
    }
    return true;
  }

  #takeByRules(group: Group, event: LogEvent | undefined, content: string, line: Line): boolean {
    const { graph, limitBytes } = this.plan;
    let rule = group.state && continuation(group.state, content);
    if (rule) {
      this.#open(group, event, line);
      group.breakLine();
      if (content === '') group.addBlankLine();
      else if (!group.addWithin(content, limitBytes)) {
        this.#give(group, line.out);
        group.state = undefined;
        return true;
      }
    } else {
      rule = graph.start(content);
      if (!rule) return false;
      if (group.lines > 0) this.#give(group, line.out);
      this.#open(group, event, line);
      group.addWithin(content, limitBytes);
    }
    group.state = rule;
    if (rule.isEnd) this.#end(group, event, content, line);
    return true;
  }

  /**
   * As Fluent Bit (multiline/filter-python-comes-twice): a line that leads back to the start ends its record, and in
   * a filter it also begins the next one, so that the last line of a Python traceback comes again on its own.
   */
  #end(group: Group, event: LogEvent | undefined, content: string, line: Line): void {
    const continued = group.lines > 1;
    this.#give(group, line.out);
    if (!event || !continued) return;
    this.#open(group, event, line);
    group.addWithin(content, this.plan.limitBytes);
  }

  #open(group: Group, event: LogEvent | undefined, line: Line): void {
    if (group.lines === 0) {
      this.pending++;
      group.begin(event, line.position, line.seconds, line.nanos);
    } else if (event) group.addMetadata(event.metadata);
    group.lines++;
    group.deadline = line.now + this.plan.flushMs;
  }

  #single(event: LogEvent | undefined, content: string, line: Line): void {
    if (!event && content === '') return;
    const whole = event ?? plainEvent(content, this.plan.keyContent, line.seconds, line.nanos);
    line.out.push(this.#shape ? this.#shape(whole, line.position) : whole);
  }

  #give(group: Group, out: LogEvent[]): void {
    const { position } = group;
    const event = group.take(this.plan.keyContent);
    this.pending--;
    if (event) out.push(this.#shape ? this.#shape(event, position) : event);
  }
}
