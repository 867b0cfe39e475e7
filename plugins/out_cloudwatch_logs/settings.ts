/** From the options to what the parts of the output need: everything checked, nothing opened. */
import { compileTemplate, type Template } from '../../src/data/template.ts';
import { OptionError, type OptionsOf, type OutputHost } from '../../src/plugin.ts';
import type { options } from './options.ts';

export type Options = OptionsOf<typeof options>;

export interface GroupSettings {
  readonly create: boolean;
  readonly retentionDays: number;
  readonly class: 'STANDARD' | 'INFREQUENT_ACCESS' | undefined;
}

export interface Names {
  readonly group: string | undefined;
  readonly stream: string | undefined;
  readonly streamPrefix: string | undefined;
  readonly groupTemplate: Template | undefined;
  readonly streamTemplate: Template | undefined;
}

export interface Endpoint {
  readonly tls: boolean;
  /** undefined: the region's own. */
  readonly host: string | undefined;
  readonly port: number | undefined;
}

/** What PutRetentionPolicy takes; others are refused by CloudWatch. */
const RETENTION_DAYS = [
  1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653,
];

/** @throws OptionError */
export function readNames(given: Options): Names {
  const { log_group_name: group, log_stream_name: stream, log_stream_prefix: streamPrefix } = given;
  if (group === undefined && given.log_group_name_key === undefined)
    throw new OptionError("'log_group_name' is missing", 'log_group_name');
  if (stream === undefined && streamPrefix === undefined && given.log_stream_name_key === undefined)
    throw new OptionError("either 'log_stream_name' or 'log_stream_prefix' is needed", 'log_stream_name');
  if (stream !== undefined && streamPrefix !== undefined)
    throw new OptionError("'log_stream_name' and 'log_stream_prefix' exclude each other", 'log_stream_prefix');
  return {
    group,
    stream,
    streamPrefix,
    groupTemplate: template('log_group_template', given.log_group_template),
    streamTemplate: template('log_stream_template', given.log_stream_template),
  };
}

function template(option: string, text: string | undefined): Template | undefined {
  if (text === undefined) return undefined;
  try {
    return compileTemplate(text);
  } catch (error) {
    throw new OptionError((error as Error).message, option);
  }
}

/** @throws OptionError */
export function readGroup(given: Options, host: OutputHost): GroupSettings {
  const { auto_create_group: create, log_retention_days: retentionDays } = given;
  if (retentionDays > 0 && !RETENTION_DAYS.includes(retentionDays))
    host.log(
      'warn',
      `CloudWatch refuses a log_retention_days of ${retentionDays}; it takes ${RETENTION_DAYS.join(', ')}`,
    );
  const word = given.log_group_class || undefined;
  if (!create || word === undefined) return { create, retentionDays, class: undefined };
  if (word !== 'STANDARD' && word !== 'INFREQUENT_ACCESS')
    throw new OptionError(`'${word}' is no log group class; write STANDARD or INFREQUENT_ACCESS`, 'log_group_class');
  return { create, retentionDays, class: word };
}

/** @throws OptionError */
export function readEndpoint(given: Options): Endpoint {
  const { endpoint, port } = given;
  if (endpoint === undefined) return { tls: true, host: undefined, port };
  const tls = !endpoint.startsWith('http://');
  const text = endpoint.replace(/^https?:\/\//, '').replace(/\/+$/, '');
  const url = URL.parse(`${tls ? 'https' : 'http'}://${text}`);
  if (url?.pathname !== '/' || url.hostname === '')
    throw new OptionError(`'${endpoint}' is no host; write NAME, https://NAME or http://NAME:PORT`, 'endpoint');
  return { tls, host: url.hostname.replace(/^\[|\]$/g, ''), port: port ?? (url.port ? Number(url.port) : undefined) };
}
