/** Parsers from a section written as an object; an array is a property given several times. */
import { compileParser } from '../../src/parsers/parser.ts';
import type { Parser } from '../../src/plugin.ts';

export type Written = Record<string, string | readonly string[]>;

export const section = (fields: Written) =>
  Object.entries(fields).flatMap(([key, value]) => [value].flat().map((one) => ({ key, value: one })));

export const parser = (fields: Written): Parser => compileParser(section({ name: 'p', ...fields }));

/** The body of a line as JSON text, so that the order of keys and the kinds of numbers count; `none` where it fails. */
export function body(fields: Written, line: string): string {
  const event = parser(fields).parse(line, 1, 2);
  return event ? JSON.stringify(event.body) : 'none';
}
