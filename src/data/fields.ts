/** What filters that add fields have in common: as Fluent Bit, a field that is added stands at the end. */
import { type Fields, setField, type Value } from './event.ts';

/** Writes into `fields`, which the caller made: at the end, wherever a field of that name stood. */
export function appendField(fields: Fields, key: string, value: Value): void {
  if (Object.hasOwn(fields, key)) delete fields[key];
  setField(fields, key, value);
}

/** A copy of `body` with `added` at its end, in their order. */
export function withAppended(body: Fields, added: readonly (readonly [string, Value])[]): Fields {
  const copy: Fields = { ...body };
  for (let i = 0; i < added.length; i++) {
    const [key, value] = added[i] as readonly [string, Value];
    appendField(copy, key, value);
  }
  return copy;
}
