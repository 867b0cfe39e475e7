/** Structured metadata: the pairs that go beside each line. Pure. */
import type { Accessor } from '../../src/data/accessor.ts';
import { type Fields, isFields } from '../../src/data/event.ts';
import { toJson } from '../../src/data/json.ts';
import { entryText, fitName, type Pair } from './pairs.ts';

export type MetadataPairs = Readonly<Record<string, string>>;

/** Called for every event. */
export type MetadataOf = (body: Fields, tag: string) => MetadataPairs;

/** Called where some is wanted: then a value has three elements, not two. */
export function compileMetadata(pairs: readonly Pair[], maps: readonly Accessor[], escapeUnicode: boolean): MetadataOf {
  const fixed = Object.freeze(Object.fromEntries(pairs.map(({ name, value }) => [name, value.text])));
  if (maps.length === 0 && pairs.every(({ value }) => value.constant)) return () => fixed;
  return (body, tag) => {
    const found = new Map<string, string>();
    for (const map of maps) addEntries(map, body, found, escapeUnicode);
    // A named pair wins over an entry of a map.
    for (const { name, value } of pairs) {
      const text = value.constant ? value.text : value.fill(body, tag);
      if (text === '' && !value.constant) continue;
      found.delete(name);
      found.set(name, text);
    }
    return Object.fromEntries(found);
  };
}

function addEntries(map: Accessor, body: Fields, found: Map<string, string>, escapeUnicode: boolean): void {
  const fields = map.get(body);
  if (!isFields(fields)) return;
  for (const [key, value] of Object.entries(fields))
    found.set(
      fitName(key),
      entryText(value, (other) => toJson(other, escapeUnicode)),
    );
}
