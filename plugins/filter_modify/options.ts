/** The options of the `modify` filter. Rules and conditions are read from the section, where their order is kept. */
import type { OptionTable } from '../../src/plugin.ts';

const rule = (help: string) => ({ type: 'text', many: true, help }) as const;

export const options = {
  set: rule('KEY VALUE: sets a field; it moves to the end.'),
  add: { ...rule('KEY VALUE: adds a field unless it is there.'), aliases: ['add_if_not_present'] },
  remove: rule('KEY: removes a field.'),
  remove_wildcard: rule('START: removes fields whose name begins so.'),
  remove_regex: rule('PATTERN: removes fields whose name matches.'),
  move_to_start: rule('START: moves fields whose name begins so to the start.'),
  move_to_end: rule('START: moves fields whose name begins so to the end.'),
  rename: rule('KEY NAME: renames a field unless the new name is taken.'),
  hard_rename: rule('KEY NAME: renames a field; one that has the new name is removed.'),
  copy: rule('KEY NAME: copies a field unless the new name is taken.'),
  hard_copy: rule('KEY NAME: copies a field; one that has the new name is replaced.'),
  condition: rule('NAME A [B]: the rules are applied only to records that meet all conditions.'),
} as const satisfies OptionTable;
