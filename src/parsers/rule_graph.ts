/**
 * The rules of a multiline parser as a graph: for each rule, the rules that may take the next line. As Fluent Bit: a
 * rule from `start_state` begins a record and never continues one; a rule that leads to a state from which some record
 * may begin ends its record.
 */
import type { MultilineRule } from '../plugin.ts';

export const START_STATE = 'start_state';

export interface RuleNode {
  readonly test: (text: string) => boolean;
  /** The rules that may take the next line of the record, in the order of the configuration. */
  readonly next: readonly RuleNode[];
  /** True where the line that this rule took is the last of its record. */
  readonly isEnd: boolean;
}

const isStart = (rule: MultilineRule): boolean => rule.from.includes(START_STATE);

export class RuleGraph {
  readonly #starts: readonly RuleNode[];

  constructor(rules: readonly MultilineRule[]) {
    const nodes = rules.map(({ test }) => ({ test, next: [] as RuleNode[], isEnd: false }));
    for (const [i, node] of nodes.entries()) {
      const to = rules[i]?.to as string;
      for (const [j, rule] of rules.entries()) {
        if (!rule.from.includes(to)) continue;
        if (isStart(rule)) node.isEnd = true;
        else node.next.push(nodes[j] as RuleNode);
      }
    }
    this.#starts = nodes.filter((_, i) => isStart(rules[i] as MultilineRule));
  }

  /** The rule by which a line begins a record. */
  start(text: string): RuleNode | undefined {
    return firstOf(this.#starts, text);
  }
}

/** The rule by which a line goes on with the record whose last line `node` took. */
export function continuation(node: RuleNode, text: string): RuleNode | undefined {
  return firstOf(node.next, text);
}

function firstOf(nodes: readonly RuleNode[], text: string): RuleNode | undefined {
  for (let i = 0; i < nodes.length; i++) {
    const node = nodes[i] as RuleNode;
    if (node.test(text)) return node;
  }
  return undefined;
}
