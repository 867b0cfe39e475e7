/**
 * The tree of a Lua script, with every name resolved: a local variable is a `Local`, which knows its name in JavaScript;
 * any other name is a global.
 */

/** A local variable, a parameter included. Each has a name of its own in the whole chunk. */
export interface Local {
  readonly name: string;
  /** Its name in JavaScript. */
  readonly js: string;
}

export type Expression =
  | { readonly kind: 'nil' | 'true' | 'false' | 'vararg'; readonly line: number }
  | { readonly kind: 'number'; readonly value: number; readonly line: number }
  | { readonly kind: 'string'; readonly value: string; readonly line: number }
  | { readonly kind: 'function'; readonly body: FunctionBody; readonly line: number }
  | { readonly kind: 'local'; readonly local: Local; readonly line: number }
  | { readonly kind: 'global'; readonly name: string; readonly line: number }
  | { readonly kind: 'index'; readonly object: Expression; readonly key: Expression; readonly line: number }
  | { readonly kind: 'call'; readonly callee: Expression; readonly args: readonly Expression[]; readonly line: number }
  | {
      readonly kind: 'method';
      readonly object: Expression;
      readonly name: string;
      readonly args: readonly Expression[];
      readonly line: number;
    }
  | {
      readonly kind: 'binary';
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
      readonly line: number;
    }
  | {
      readonly kind: 'unary';
      readonly operator: 'not' | '-' | '#';
      readonly operand: Expression;
      readonly line: number;
    }
  | { readonly kind: 'table'; readonly items: readonly TableItem[]; readonly line: number }
  | { readonly kind: 'paren'; readonly inner: Expression; readonly line: number };

/** `key` undefined: the next number. */
export interface TableItem {
  readonly key: Expression | undefined;
  readonly value: Expression;
}

export interface FunctionBody {
  readonly params: readonly Local[];
  readonly vararg: boolean;
  readonly block: Block;
}

export type Block = readonly Statement[];

export type Statement =
  | {
      readonly kind: 'local';
      readonly locals: readonly Local[];
      readonly values: readonly Expression[];
      readonly line: number;
    }
  | {
      readonly kind: 'assign';
      readonly targets: readonly Expression[];
      readonly values: readonly Expression[];
      readonly line: number;
    }
  | { readonly kind: 'expression'; readonly expression: Expression; readonly line: number }
  | { readonly kind: 'localFunction'; readonly local: Local; readonly body: FunctionBody; readonly line: number }
  | { readonly kind: 'do'; readonly block: Block; readonly line: number }
  | { readonly kind: 'while'; readonly condition: Expression; readonly block: Block; readonly line: number }
  | { readonly kind: 'repeat'; readonly block: Block; readonly condition: Expression; readonly line: number }
  | {
      readonly kind: 'if';
      readonly branches: readonly { readonly condition: Expression | undefined; readonly block: Block }[];
      readonly line: number;
    }
  | {
      readonly kind: 'for';
      readonly local: Local;
      readonly start: Expression;
      readonly limit: Expression;
      readonly step: Expression | undefined;
      readonly block: Block;
      readonly line: number;
    }
  | {
      readonly kind: 'forIn';
      readonly locals: readonly Local[];
      readonly values: readonly Expression[];
      readonly block: Block;
      readonly line: number;
    }
  | { readonly kind: 'return'; readonly values: readonly Expression[]; readonly line: number }
  | { readonly kind: 'break'; readonly line: number }
  | { readonly kind: 'goto' | 'label'; readonly name: string; readonly line: number };

/** Whether an expression may give several values where it stands last. */
export function isMulti(expression: Expression | undefined): boolean {
  return expression?.kind === 'call' || expression?.kind === 'method' || expression?.kind === 'vararg';
}
