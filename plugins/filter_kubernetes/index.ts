/**
 * The `kubernetes` filter: adds to each record what the API server knows of the container it comes from, merges JSON logs
 * into their records, and obeys the annotations of pods.
 */
import fs from 'node:fs';
import os from 'node:os';
import type { ContainerName } from '../../src/net/kube_metadata.ts';
import { RegexParser } from '../../src/parsers/regex.ts';
import { defineFilter, type FilterHost, OptionError, type Parser } from '../../src/plugin.ts';
import { DummyFilter, KubernetesFilter } from './filter.ts';
import { Metadata } from './metadata.ts';
import { readJournalName, readTag } from './names.ts';
import { KUBERNETES_OPTIONS } from './options.ts';
import type { Options } from './settings.ts';
import { TagMetadata } from './tag_metadata.ts';

export default defineFilter({
  name: 'kubernetes',
  summary: 'Adds the metadata of Kubernetes to container logs.',
  options: KUBERNETES_OPTIONS,
  create(options, host) {
    const parser = regexParser(options, host);
    const merge = options.merge_log ? mergeSettings(options, host) : undefined;
    if (options.use_pod_association || options.aws_use_pod_association)
      host.log('warn', 'the association of pods with services of AWS is not supported; the option is ignored');
    if (options.dummy_meta) return new DummyFilter(merge, host);
    return new KubernetesFilter({
      host,
      merge,
      metadata: options.use_tag_for_meta ? new TagMetadata() : new Metadata(options, host, nodeOf(options)),
      readName: options.use_journal ? readJournalName(parser) : readTag(options.kube_tag_prefix.length, parser),
      prefix: options.kube_tag_prefix,
      isJournal: options.use_journal,
      // Nothing is asked for: the record stays as it is, as in Fluent Bit.
      isIdle:
        options.namespace_metadata_only &&
        !options.namespace_labels &&
        !options.namespace_annotations &&
        !options.namespace_exclude,
      ownPod: () => ownPod(options),
    });
  },
});

function regexParser({ regex_parser: name }: Options, host: FilterHost): Parser | undefined {
  if (name === undefined) return undefined;
  const parser = host.parser(name);
  if (!parser) throw new OptionError(`no parser '${name}' is defined`, 'regex_parser');
  if (!(parser instanceof RegexParser))
    throw new OptionError(`the parser '${name}' is not of Format regex`, 'regex_parser');
  return parser;
}

function mergeSettings(options: Options, host: FilterHost) {
  const parser = options.merge_parser === undefined ? undefined : host.parser(options.merge_parser);
  if (options.merge_parser !== undefined && !parser)
    host.log('error', `no parser '${options.merge_parser}' is defined; Merge_Parser is ignored`);
  return {
    keepLog: options.keep_log,
    trim: options.merge_log_trim,
    under: options.merge_log_key || undefined,
    parser,
    clock: host.clock,
  };
}

/** @throws OptionError with Watch where nothing says which node this is. */
function nodeOf(options: Options): string | undefined {
  if (!options.watch) return undefined;
  const { NODE_NAME, K8S_NODE_NAME, HOSTNAME } = process.env;
  const node = options.node_name || NODE_NAME || K8S_NODE_NAME || HOSTNAME;
  if (!node) throw new OptionError('Watch needs Node_Name, or NODE_NAME in the environment', 'watch');
  return node;
}

/** The pod that this program runs in; undefined outside of a cluster. */
function ownPod({ kube_namespace_file: file }: Options): ContainerName | undefined {
  try {
    const namespace = fs.readFileSync(file, 'utf8').trim();
    return namespace === '' ? undefined : { namespace, pod: process.env.HOSTNAME || os.hostname() };
  } catch {
    return undefined;
  }
}
