/** What the options mean, compiled: labels, lines, metadata, tenants and headers. */
import fs from 'node:fs';
import { type Accessor, compileAccessor } from '../../src/data/accessor.ts';
import { PackedJson } from '../../src/data/packed_json.ts';
import { basicAuth, headerValue, readHeader } from '../../src/net/headers.ts';
import { OptionError, type OptionsOf, type OutputHost } from '../../src/plugin.ts';
import { compileEdits } from './edits.ts';
import { compileLines, compileWriter } from './lines.ts';
import { compileMetadata } from './metadata.ts';
import type { options } from './options.ts';
import { PackedEncoder } from './packed.ts';
import { type Pair, type Path, pathsOf, readKeys, readLabelMap, readMapKeys, readPairs, readPaths } from './pairs.ts';
import { type Encoder, JsonEncoder, ProtobufEncoder } from './push.ts';
import type { Streams } from './streams.ts';

export type Options = OptionsOf<typeof options>;

/** @throws OptionError */
export function readLabels(given: Options, host: OutputHost): Pair[] {
  return [
    ...readPairs('labels', given.labels),
    ...readKeys('label_keys', given.label_keys),
    ...labelMap(given.label_map_path, host),
  ];
}

/** As Fluent Bit: a map that cannot be read is said, and the output goes on with what comes before. */
function labelMap(place: string | undefined, host: OutputHost): readonly Pair[] {
  if (place === undefined) return [];
  let text: string;
  try {
    text = fs.readFileSync(place, 'utf8');
  } catch (error) {
    host.log('error', `label_map_path '${place}' cannot be used: ${(error as Error).message}`);
    return [];
  }
  const { pairs, trouble } = readLabelMap(text);
  if (trouble !== undefined) host.log('error', `label_map_path '${place}' cannot be used to its end: ${trouble}`);
  return pairs;
}

/** @throws OptionError */
export function compileEncoder(given: Options, labels: readonly Pair[], host: OutputHost): Encoder {
  const metadata = readPairs('structured_metadata', given.structured_metadata);
  const mapKeys = readMapKeys('structured_metadata_map_keys', given.structured_metadata_map_keys);
  const hasMetadata = metadata.length > 0 || given.structured_metadata_map_keys.length > 0;
  const own = leftOut(given);
  const isJson = given.format === 'json';
  const lines = (removed: readonly Path[]) => ({
    format: given.line_format,
    dropSingleKey: readDropSingleKey(given.drop_single_key),
    escapeUnicode: host.escapeUnicode,
    nested: isJson,
    edits: compileEdits(removed),
  });
  const usual = lines([...own, ...pathsOf(labels)]);
  const capped = lines(own);
  const settings = {
    line: compileLines(usual),
    wholeLine: compileLines(capped),
    metadata: hasMetadata ? compileMetadata(metadata, mapKeys, host.escapeUnicode) : undefined,
  };
  if (!isJson) return new ProtobufEncoder(settings);
  const write = compileWriter(usual, settings.line);
  return new JsonEncoder({ ...settings, write, writeWhole: compileWriter(capped, settings.wholeLine) });
}

/** What is left out of every line. @throws OptionError */
function leftOut(given: Options): Path[] {
  return [
    ...readPaths('remove_keys', given.remove_keys),
    ...pathsOf(readPairs('structured_metadata', given.structured_metadata)),
    ...readPaths('structured_metadata_map_keys', given.structured_metadata_map_keys),
  ];
}

/** undefined where the options ask for more than it can do: then batches are decoded. @throws OptionError */
export function compilePacked(
  given: Options,
  labels: readonly Pair[],
  streams: Streams,
  { escapeUnicode }: OutputHost,
): PackedEncoder | undefined {
  const isPlain =
    given.format === 'json' &&
    given.line_format === 'json' &&
    readDropSingleKey(given.drop_single_key) === 'off' &&
    given.entry_order === 'arrival' &&
    given.tenant_id_key === undefined &&
    given.max_batch_bytes === 0 &&
    given.structured_metadata.length === 0 &&
    given.structured_metadata_map_keys.length === 0;
  if (!isPlain) return undefined;
  const own = leftOut(given);
  const line = (removed: readonly Path[]) =>
    new PackedJson({ nested: true, escapeUnicode, edits: compileEdits(removed) });
  return new PackedEncoder({ streams, line: line([...own, ...pathsOf(labels)]), wholeLine: line(own) });
}

function readDropSingleKey(word: string): 'off' | 'on' | 'raw' {
  const lower = word.toLowerCase();
  if (lower === 'raw') return 'raw';
  if (['on', 'true', 'yes'].includes(lower)) return 'on';
  if (['off', 'false', 'no'].includes(lower)) return 'off';
  throw new OptionError(`'${word}' is none of on, off and raw`, 'drop_single_key');
}

/** The tenant of an event; undefined or empty: no header. */
export type TenantOf = (body: Parameters<Accessor['get']>[0]) => string;

/** As Fluent Bit: a key that is no accessor is said, and all records have the fixed tenant. */
export function compileTenant(
  { tenant_id: fixed, tenant_id_key: key }: Options,
  host: OutputHost,
): TenantOf | undefined {
  if (key === undefined) return undefined;
  let accessor: Accessor;
  try {
    accessor = compileAccessor(key);
  } catch (error) {
    host.log('error', `tenant_id_key is not used: ${(error as Error).message}`);
    return undefined;
  }
  return (body) => {
    const value = accessor.get(body);
    return typeof value === 'string' ? value : fixed;
  };
}

/** The headers that every request has, in Fluent Bit's order: of those given twice many servers take the first. @throws OptionError */
export function fixedHeaders(given: Options, contentType: string, isPacked: boolean): string[] {
  const headers: string[] = ['User-Agent', 'Fluent-Bit'];
  // As Fluent Bit: a user wins over a token.
  if (given.http_user !== undefined) headers.push('Authorization', basicAuth(given.http_user, given.http_passwd));
  else if (given.bearer_token !== undefined) headers.push('Authorization', `Bearer ${headerValue(given.bearer_token)}`);
  headers.push(...given.header.flatMap(readHeader), 'Content-Type', contentType);
  if (isPacked) headers.push('Content-Encoding', 'gzip');
  return headers;
}
