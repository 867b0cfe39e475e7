/** What the options of the kubernetes_logs input come to: checked, with defaults, once at the start. */
import { readTime } from '../../src/options.ts';
import { OptionError, type OptionsOf } from '../../src/plugin.ts';
import type { KUBERNETES_LOGS_OPTIONS } from './options.ts';

export type Options = OptionsOf<typeof KUBERNETES_LOGS_OPTIONS>;

/** Where to begin in a container that nobody read before. */
export type ReadFrom =
  | { readonly kind: 'now' }
  | { readonly kind: 'start' }
  | { readonly kind: 'since'; readonly seconds: number };

/** An object of the cluster that holds the cursors. */
export interface CursorObject {
  readonly kind: 'configmap' | 'lease';
  readonly namespace: string | undefined;
  readonly name: string;
}

export interface Settings {
  readonly options: Options;
  readonly readFrom: ReadFrom;
  readonly cursorObject: CursorObject | undefined;
  readonly idleMs: number;
  readonly turnMs: number;
}

/** @throws OptionError */
export function readSettings(options: Options): Settings {
  if (options.db !== undefined && options.cursor_object !== undefined)
    throw new OptionError('db and cursor_object exclude each other', 'cursor_object');
  checkAccess(options);
  return {
    options,
    readFrom: readFrom(options.read_from),
    cursorObject: readCursorObject(options.cursor_object),
    idleMs: options.idle_reopen * 1000,
    turnMs: options.stream_turn * 1000,
  };
}

/** What belongs to kube_url says nothing without it. */
function checkAccess(options: Options): void {
  const { kube_url: url, kubeconfig } = options;
  if (url !== undefined && !(URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)))
    throw new OptionError(`'${url}' is no URL of an API server; write https://HOST:PORT`, 'kube_url');
  if (url !== undefined && kubeconfig !== undefined)
    throw new OptionError('kube_url and kubeconfig exclude each other', 'kubeconfig');
  for (const name of ['kube_ca_file', 'kube_ca_path', 'kube_token_file', 'kube_token_command'] as const)
    if (url === undefined && options[name] !== undefined) throw new OptionError(`${name} needs kube_url`, name);
  if (options.kube_token_file !== undefined && options.kube_token_command !== undefined)
    throw new OptionError('kube_token_file and kube_token_command exclude each other', 'kube_token_command');
}

function readFrom(text: string): ReadFrom {
  const word = text.trim().toLowerCase();
  if (word === 'now' || word === 'start') return { kind: word };
  try {
    return { kind: 'since', seconds: readTime(word) };
  } catch {
    throw new OptionError(`'${text}' is not now, start, or a time such as 15m`, 'read_from');
  }
}

function readCursorObject(text: string | undefined): CursorObject | undefined {
  if (text === undefined) return undefined;
  const match = /^(configmap|lease)\/(?:([a-z0-9.-]+)\/)?([a-z0-9.-]+)$/.exec(text);
  if (match) return { kind: match[1] as CursorObject['kind'], namespace: match[2], name: match[3] as string };
  throw new OptionError(`'${text}' is not configmap/NAME or lease/NAME`, 'cursor_object');
}
