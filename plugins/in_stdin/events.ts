/** Texts of JSON documents to events: an object, `[time, object]` or `[[time, metadata], object]`. Pure. */
import { isFields, type LogEvent, NO_METADATA, type Value } from '../../src/data/event.ts';
import { parseJson } from '../../src/data/json.ts';
import { eventOf, MsgpackError } from '../../src/data/msgpack.ts';

/** `seconds` and `nanos` are the time of a record that brings none. undefined: the text is no record. */
export function eventFromJson(text: string, seconds: number, nanos: number): LogEvent | undefined {
  let value: Value;
  try {
    value = parseJson(text);
  } catch {
    return undefined;
  }
  if (isFields(value)) return { seconds, nanos, metadata: NO_METADATA, body: value };
  try {
    return eventOf(value);
  } catch (error) {
    if (error instanceof MsgpackError) return undefined;
    throw error;
  }
}
