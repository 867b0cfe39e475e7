/**
 * The `aws` filter: appends what the EC2 instance says of itself (availability zone, instance id and more) and its tags.
 *
 * The instance is asked when the first records come, and those wait for it; the answers hold for the life of the
 * program. Where it does not answer, records pass without the fields, and it is asked again later, tags apart from
 * the rest, so that missing tags keep nothing else back. The environment's AWS_EC2_METADATA_SERVICE_ENDPOINT is
 * used, as the SDKs of AWS do.
 */
import type { LogEvent, Value } from '../../src/data/event.ts';
import { withAppended } from '../../src/data/fields.ts';
import { defineFilter, type FilterHost, OptionError, type OptionTable } from '../../src/plugin.ts';
import { IMDS_ENDPOINT, Imds } from './imds.ts';
import { type FieldName, readFields, readTags } from './metadata.ts';

const field = (what: string, byDefault: 'on' | 'off' = 'off') =>
  ({ type: 'boolean', default: byDefault, help: `Appends ${what}.` }) as const;

const options = {
  imds_version: {
    type: 'text',
    oneOf: ['v1', 'v2'],
    default: 'v2',
    help: 'The version of the instance metadata service; from a container v2 needs a hop limit of 2.',
  },
  az: field('the availability zone', 'on'),
  ec2_instance_id: field('the id of the instance', 'on'),
  ec2_instance_type: field('the type of the instance'),
  private_ip: field('the private address'),
  vpc_id: field('the id of the VPC'),
  ami_id: field('the id of the image'),
  account_id: field('the number of the account'),
  hostname: field('the name of the host'),
  tags_enabled: field('the tags of the instance; it must be set up to show them'),
  tags_include: { type: 'csv', help: 'Only these tags, with commas between them.' },
  tags_exclude: { type: 'csv', help: 'All tags but these, with commas between them.' },
  retry_interval_s: { type: 'integer', default: '300', min: 0, help: 'Seconds between two attempts to read the tags.' },
} as const satisfies OptionTable;

const FIELDS: readonly FieldName[] = [
  'az',
  'ec2_instance_id',
  'ec2_instance_type',
  'private_ip',
  'vpc_id',
  'ami_id',
  'account_id',
  'hostname',
];
/** Until the instance is asked again for what it did not say. */
const RETRY_MS = 10_000;

type Added = readonly (readonly [string, Value])[];

export default defineFilter({
  name: 'aws',
  summary: 'Appends metadata and tags of the EC2 instance.',
  options,
  create: (given, host) => {
    const { tags_include: include, tags_exclude: exclude } = given;
    if (include && exclude)
      throw new OptionError('tags_include and tags_exclude cannot be used together', 'tags_exclude');
    const isWanted = (tag: string) => (include ? include.includes(tag) : !exclude?.includes(tag));
    const endpoint = process.env.AWS_EC2_METADATA_SERVICE_ENDPOINT || IMDS_ENDPOINT;
    const imds = new Imds({ version: given.imds_version, endpoint, signal: host.signal });
    const wanted = new Set(FIELDS.filter((name) => given[name]));
    const parts: Part[] = [];
    if (wanted.size > 0) parts.push(new Part('metadata', () => readFields(imds, wanted), RETRY_MS, host));
    if (given.tags_enabled)
      parts.push(new Part('tags', () => tagsOf(imds, isWanted, host), given.retry_interval_s * 1000, host));
    return { filter: (events) => enrich(events, parts) };
  },
});

async function tagsOf(imds: Imds, isWanted: (tag: string) => boolean, host: FilterHost): Promise<Added> {
  const tags = await readTags(imds, isWanted);
  if (!tags) host.log('warn', 'the instance has no tags, or its metadata service is not set up to show them');
  return tags ?? [];
}

/** What is asked for at once; kept for ever once it was answered. */
class Part {
  added: Added | undefined;
  readonly #what: string;
  readonly #read: () => Promise<Added>;
  readonly #retryMs: number;
  readonly #host: FilterHost;
  #nextMs = Number.NEGATIVE_INFINITY;
  #pending: Promise<void> | undefined;

  constructor(what: string, read: () => Promise<Added>, retryMs: number, host: FilterHost) {
    this.#what = what;
    this.#read = read;
    this.#retryMs = retryMs;
    this.#host = host;
  }

  /** A promise while the question is under way. */
  ask(): Promise<void> | undefined {
    if (this.added || this.#host.clock.monotonic() < this.#nextMs) return this.#pending;
    this.#pending ??= this.#attempt().finally(() => {
      this.#pending = undefined;
    });
    return this.#pending;
  }

  async #attempt(): Promise<void> {
    try {
      this.added = await this.#read();
    } catch (error) {
      this.#nextMs = this.#host.clock.monotonic() + this.#retryMs;
      this.#host.count('failed_requests_total');
      this.#host.log(
        'warn',
        `the ${this.#what} of the instance cannot be read, records go on without: ${(error as Error).message}`,
      );
    }
  }
}

function enrich(events: LogEvent[], parts: readonly Part[]): LogEvent[] | Promise<LogEvent[]> {
  const pending = parts.map((part) => part.ask()).filter((one) => one !== undefined);
  return pending.length > 0 ? Promise.all(pending).then(() => append(events, parts)) : append(events, parts);
}

function append(events: LogEvent[], parts: readonly Part[]): LogEvent[] {
  const added = parts.flatMap((part) => part.added ?? []);
  if (added.length > 0) for (const event of events) event.body = withAppended(event.body, added);
  return events;
}
