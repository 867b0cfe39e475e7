/** Which fields are redacted: those that were named, with all that is in them, or all but the excluded ones. */
import { compileAccessor } from '../../src/data/accessor.ts';

/** Chosen fields, as a tree of their paths. */
export interface Choice {
  /** undefined: as what is around it. */
  isRedacted?: boolean;
  isSecret?: boolean;
  readonly below: Map<string | number, Choice>;
}

/** @param keys the only fields, or none: all of them @throws OptionError where an accessor cannot be read */
export function compileChoice(
  keys: readonly string[],
  excluded: readonly string[],
  secrets: readonly string[],
): Choice {
  const root: Choice = { isRedacted: keys.length === 0, below: new Map() };
  const at = (text: string): Choice => {
    let choice = root;
    for (const step of compileAccessor(text).path) {
      let next = choice.below.get(step);
      if (!next) {
        next = { below: new Map() };
        choice.below.set(step, next);
      }
      choice = next;
    }
    return choice;
  };
  for (const text of keys) at(text).isRedacted = true;
  for (const text of excluded) at(text).isRedacted = false;
  for (const text of secrets) if (text.startsWith('$')) at(text).isSecret = true;
  return root;
}

/** Verdicts on so many names are remembered; records rarely have more. */
const REMEMBERED = 1000;

/** Whether a field of this name is secret wherever it stands; undefined where there is no such name. */
export function compileNames(secrets: readonly string[]): ((key: string) => boolean) | undefined {
  const names = secrets.filter((name) => !name.startsWith('$'));
  if (names.length === 0) return undefined;
  const secret = new Set(names.map((name) => name.toLowerCase()));
  const known = new Map<string, boolean>();
  return (key) => {
    let verdict = known.get(key);
    if (verdict === undefined) {
      verdict = secret.has(key.toLowerCase());
      if (known.size < REMEMBERED) known.set(key, verdict);
    }
    return verdict;
  };
}
