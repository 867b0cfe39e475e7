/**
 * A CSV file as a table: the first column is what is looked up, the second what is found, all others are left out. Pure.
 *
 * As Fluent Bit: a line is a row, so quotes do not reach beyond it; quotes may stand anywhere in a field, and a doubled
 * one is one; blanks around a field go, also those within its quotes; a row without a key or a value is left out, and of
 * two rows with one key the later counts.
 */

/** Key to value. */
export type Table = ReadonlyMap<string, string>;

export interface TableSettings {
  readonly skipHeader: boolean;
  readonly ignoreCase: boolean;
  /** Told of rows, counted from 1, whose quotes are not closed; they are left out. */
  readonly complain: (row: number) => void;
}

/** The text as it is looked up; empty: nothing to look up. */
export function normalized(text: string, ignoreCase: boolean): string {
  const trimmed = text.replace(/^[ \t\n\v\f\r]+|[ \t\n\v\f\r]+$/g, '');
  return ignoreCase ? trimmed.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : trimmed;
}

export function readTable(text: string, { skipHeader, ignoreCase, complain }: TableSettings): Table {
  const table = new Map<string, string>();
  for (const [index, line] of text.split('\n').entries()) {
    if (index === 0 && skipHeader) continue;
    const fields = fieldsOf(line);
    if (fields === undefined) complain(index + 1);
    const key = normalized(fields?.[0] ?? '', ignoreCase);
    const value = normalized(fields?.[1] ?? '', false);
    if (key !== '' && value !== '') table.set(key, value);
  }
  return table;
}

const PIECE = /"((?:[^"]|"")*)("?)|([^",]+)|,/g;

/** The first two fields; undefined where a quote is not closed. */
function fieldsOf(line: string): string[] | undefined {
  const fields = [''];
  for (const [piece, quoted, close, plain] of line.matchAll(PIECE)) {
    if (piece === ',') {
      if (fields.length === 2) break;
      fields.push('');
    } else {
      if (quoted !== undefined && close === '') return undefined;
      fields[fields.length - 1] += plain ?? quoted?.replaceAll('""', '"') ?? '';
    }
  }
  return fields;
}
