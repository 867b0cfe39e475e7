/**
 * What is left out of the line, as edits by top-level key. A map that many events share (it is frozen) is edited once, and
 * what comes of it is frozen again and kept with it, so that its text is made once as well. Pure.
 *
 * As Fluent Bit: the parent of what is removed stays, even empty; a path through a text removes that text; a path into a
 * list empties it.
 */
import { type Edits, LEAVE_OUT } from '../../src/data/body_json.ts';
import { type Fields, getField, isFields, setField, type Value } from '../../src/data/event.ts';
import type { Path } from './pairs.ts';

export function compileEdits(paths: readonly Path[]): Edits {
  const byRoot = new Map<string, Path[]>();
  for (const [root, ...rest] of paths) {
    const key = String(root);
    byRoot.set(key, [...(byRoot.get(key) ?? []), rest]);
  }
  const edits = new Map<string, (value: Value) => Value | undefined>();
  for (const [key, rests] of byRoot)
    edits.set(key, rests.some((rest) => rest.length === 0) ? LEAVE_OUT : cached((value) => removeAll(value, rests)));
  return edits;
}

function cached(edit: (value: Value) => Value | undefined): (value: Value) => Value | undefined {
  const known = new WeakMap<object, { readonly value: Value | undefined }>();
  return (value) => {
    if (typeof value !== 'object' || value === null) return edit(value);
    const found = known.get(value);
    if (found) return found.value;
    const edited = edit(value);
    if (!Object.isFrozen(value)) return edited;
    if (typeof edited === 'object') Object.freeze(edited);
    known.set(value, { value: edited });
    return edited;
  };
}

function removeAll(value: Value, paths: readonly Path[]): Value | undefined {
  let left: Value | undefined = value;
  for (const path of paths) if (left !== undefined) left = remove(left, path);
  return left;
}

/** undefined where nothing is left of the value itself. The same value where the path leads nowhere. */
function remove(value: Value, [step, ...rest]: Path): Value | undefined {
  if (step === undefined) return undefined;
  if (Array.isArray(value)) return typeof step === 'number' && step < value.length ? [] : value;
  if (!isFields(value)) return undefined;
  const inner = getField(value, String(step));
  if (inner === undefined || typeof step === 'number') return value;
  const left = rest.length === 0 ? undefined : remove(inner, rest);
  if (left === inner) return value;
  const copy: Fields = {};
  for (const key of Object.keys(value))
    if (key !== step) setField(copy, key, value[key] as Value);
    else if (left !== undefined) setField(copy, key, left);
  return copy;
}

/** A body with its edits made; the body itself where there are none to make. */
export function editBody(body: Fields, edits: Edits): Fields {
  let edited: Fields | undefined;
  for (const [key, edit] of edits) {
    const value = getField(body, key);
    if (value === undefined) continue;
    const left = edit(value);
    if (left === value) continue;
    edited ??= { ...body };
    if (left === undefined) delete edited[key];
    else edited[key] = left;
  }
  return edited ?? body;
}
