/** What an instance says of itself, as the fields that are appended to records. */
import { type Imds, ImdsError } from './imds.ts';

export type FieldName =
  | 'az'
  | 'ec2_instance_id'
  | 'ec2_instance_type'
  | 'private_ip'
  | 'vpc_id'
  | 'ami_id'
  | 'account_id'
  | 'hostname';

const META = '/latest/meta-data';

/** In the order in which Fluent Bit appends them. */
const READERS: readonly (readonly [FieldName, (imds: Imds) => Promise<string>])[] = [
  ['az', (imds) => imds.get(`${META}/placement/availability-zone`)],
  ['ec2_instance_id', (imds) => imds.get(`${META}/instance-id`)],
  ['ec2_instance_type', (imds) => imds.get(`${META}/instance-type`)],
  ['private_ip', (imds) => imds.get(`${META}/local-ipv4`)],
  ['vpc_id', readVpc],
  ['ami_id', (imds) => imds.get(`${META}/ami-id`)],
  ['account_id', readAccount],
  ['hostname', (imds) => imds.get(`${META}/hostname`)],
];

export async function readFields(imds: Imds, wanted: ReadonlySet<FieldName>): Promise<[string, string][]> {
  const fields: [string, string][] = [];
  for (const [name, read] of READERS) if (wanted.has(name)) fields.push([name, await read(imds)]);
  return fields;
}

async function readVpc(imds: Imds): Promise<string> {
  const mac = (await imds.get(`${META}/mac`)).trim();
  return imds.get(`${META}/network/interfaces/macs/${mac}/vpc-id`);
}

async function readAccount(imds: Imds): Promise<string> {
  const text = await imds.get('/latest/dynamic/instance-identity/document');
  const { accountId } = JSON.parse(text) as { accountId?: unknown };
  if (typeof accountId !== 'string') throw new Error('the identity document of the instance names no account');
  return accountId;
}

/** undefined: the instance has no tags, or does not show them (the service answers 404). */
export async function readTags(
  imds: Imds,
  isWanted: (tag: string) => boolean,
): Promise<[string, string][] | undefined> {
  let names: string;
  try {
    names = await imds.get(`${META}/tags/instance`);
  } catch (error) {
    if (error instanceof ImdsError && error.status === 404) return undefined;
    throw error;
  }
  const tags: [string, string][] = [];
  for (const name of names.split('\n').filter((name) => name !== '' && isWanted(name)))
    tags.push([name, await imds.get(`${META}/tags/instance/${encodeURIComponent(name)}`)]);
  return tags;
}
