/**
 * The `ecs` filter: appends fields made of what the agent of ECS says of the cluster and of the task that a log comes
 * from; the container is known by the first twelve characters of its id, which follow the prefix in the tag.
 *
 * As Fluent Bit: without an answer on the cluster records stay as they are; without one on the task they get what is known
 * of the cluster, and after `agent_endpoint_retries` failures a tag is not asked for any more (until the TTL is over).
 * Records wait for the first answers. The questions themselves are in `agent.ts`.
 */
import type { Fields, LogEvent } from '../../src/data/event.ts';
import { withAppended } from '../../src/data/fields.ts';
import { compileTemplate, type Template } from '../../src/data/template.ts';
import { defineFilter, type FilterHost, OptionError, type OptionTable, type Soon } from '../../src/plugin.ts';
import { type AgentSettings, readCluster, readTask, SHORT_ID } from './agent.ts';

const options = {
  add: { type: 'text', many: true, help: 'KEY TEMPLATE: appends a field, such as: cluster $ClusterName.' },
  ecs_tag_prefix: { type: 'text', default: '', help: "What stands before the container's id in the tag." },
  cluster_metadata_only: { type: 'boolean', default: 'off', help: 'For logs that come from no container.' },
  ecs_meta_cache_ttl: { type: 'time', default: '1h', help: 'How long an answer on a container holds.' },
  ecs_meta_host: { type: 'text', default: '127.0.0.1', help: 'Where the agent of ECS listens.' },
  ecs_meta_port: { type: 'integer', default: '51678', help: 'The port of the agent of ECS.' },
  agent_endpoint_retries: { type: 'integer', default: '2', help: 'So often a tag is asked for in vain.' },
} as const satisfies OptionTable;

export default defineFilter({
  name: 'ecs',
  summary: 'Appends metadata of ECS: the cluster, the task and the container.',
  options,
  create: (given, host) => {
    const added = given.add.map(readAdd);
    const agent = { host: given.ecs_meta_host, port: given.ecs_meta_port, signal: host.signal };
    const known = new Knowledge({
      agent,
      host,
      prefix: given.ecs_tag_prefix,
      clusterOnly: given.cluster_metadata_only,
      ttlMs: given.ecs_meta_cache_ttl * 1000,
      retries: given.agent_endpoint_retries,
    });
    return {
      filter: (events, tag) => {
        const fields = known.of(tag);
        return fields instanceof Promise
          ? fields.then((now) => append(events, now, added))
          : append(events, fields, added);
      },
    };
  },
});

interface Added {
  readonly key: string;
  readonly template: Template;
}

function readAdd(text: string): Added {
  const [, key, template] = /^\s*(\S+)\s+(\S+)\s*$/.exec(text) ?? [];
  if (key === undefined || template === undefined)
    throw new OptionError(`'${text}' is no field; write KEY TEMPLATE`, 'add');
  return { key, template: compileTemplate(template) };
}

function append(events: LogEvent[], fields: Fields | undefined, added: readonly Added[]): LogEvent[] {
  if (!fields || added.length === 0) return events;
  const pairs = added.map(({ key, template }) => [key, template.fill(fields, '')] as const);
  for (const event of events) event.body = withAppended(event.body, pairs);
  return events;
}

interface KnowledgeSettings {
  readonly agent: AgentSettings;
  readonly host: FilterHost;
  readonly prefix: string;
  readonly clusterOnly: boolean;
  readonly ttlMs: number;
  readonly retries: number;
}

interface Dated {
  readonly untilMs: number;
}

/** So many containers and tags are remembered, the oldest are forgotten first. */
const REMEMBERED = 1000;

/** What is known of the cluster and its containers, and who has been asked in vain. */
class Knowledge {
  readonly #settings: KnowledgeSettings;
  readonly #containers = new Map<string, Dated & { readonly fields: Fields }>();
  readonly #failures = new Map<string, Dated & { readonly count: number }>();
  #cluster: Fields | undefined;

  constructor(settings: KnowledgeSettings) {
    this.#settings = settings;
  }

  /** undefined: nothing is known, not even the cluster. A promise while the agent is asked. */
  of(tag: string): Soon<Fields | undefined> {
    const { clusterOnly, prefix, retries } = this.#settings;
    if (!this.#cluster) return this.#askCluster().then((cluster) => cluster && this.of(tag));
    if (clusterOnly || (this.#current(this.#failures, tag)?.count ?? 0) >= retries) return this.#cluster;
    const shortId = tag.slice(prefix.length, prefix.length + SHORT_ID);
    if (!tag.startsWith(prefix) || shortId.length < SHORT_ID) {
      this.#fail(tag, `the tag must be '${prefix}' and ${SHORT_ID} characters of the container's id`);
      return this.#cluster;
    }
    return this.#current(this.#containers, shortId)?.fields ?? this.#askTask(tag, shortId, this.#cluster);
  }

  async #askCluster(): Promise<Fields | undefined> {
    const { agent, host } = this.#settings;
    try {
      this.#cluster ??= await readCluster(agent);
    } catch (error) {
      host.count('failed_requests_total');
      host.log(
        'warn',
        `the agent of ECS does not tell of its cluster, records go on without: ${(error as Error).message}`,
      );
    }
    return this.#cluster;
  }

  async #askTask(tag: string, shortId: string, cluster: Fields): Promise<Fields> {
    const { agent, host, ttlMs } = this.#settings;
    try {
      const containers = await readTask(agent, shortId, cluster);
      const untilMs = host.clock.monotonic() + ttlMs;
      for (const { shortId: id, fields } of containers) remember(this.#containers, id, { untilMs, fields });
    } catch (error) {
      this.#fail(tag, (error as Error).message);
      return cluster;
    }
    const found = this.#current(this.#containers, shortId);
    if (!found) this.#fail(tag, "the agent's answer does not name the container");
    return found?.fields ?? cluster;
  }

  #fail(tag: string, reason: string): void {
    const { host, retries, ttlMs } = this.#settings;
    const count = (this.#current(this.#failures, tag)?.count ?? 0) + 1;
    remember(this.#failures, tag, { count, untilMs: host.clock.monotonic() + ttlMs });
    host.count('failed_requests_total');
    const then = count >= retries ? 'no more attempts' : 'will be tried again';
    host.log('warn', `no task is known for tag '${tag}', its records get that of the cluster (${then}): ${reason}`);
  }

  #current<V extends Dated>(map: Map<string, V>, key: string): V | undefined {
    const found = map.get(key);
    return found && found.untilMs > this.#settings.host.clock.monotonic() ? found : undefined;
  }
}

function remember<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size > REMEMBERED) map.delete(map.keys().next().value as string);
}
