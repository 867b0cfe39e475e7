/**
 * `aws_auth`: requests of an HTTP output signed for AWS (Signature Version 4), for services such as OpenSearch that take
 * no other login. Credentials come from the AWS SDK's chain (environment, profile, web identity, EKS Pod Identity, ECS,
 * instance metadata), with `aws_role_arn` from a role on top; they are renewed before they end.
 */
import { OptionError, type OptionsOf, type OptionTable } from '../options.ts';
import type { Clock } from '../plugin.ts';
import { assumeRole } from './aws_role.ts';
import { type AwsKeys, sha256Hex, signAws } from './aws_sign.ts';
import type { HttpClient } from './http_client.ts';

export const AWS_AUTH_OPTIONS = {
  aws_auth: { type: 'boolean', default: 'off', help: 'Signs requests for AWS; needs aws_service and aws_region.' },
  aws_service: { type: 'text', help: 'Service that requests are signed for, as es, aoss or osis.' },
  aws_region: { type: 'text', help: 'Region that requests are signed for.' },
  aws_sts_endpoint: { type: 'text', help: "Address of the STS that gives the role; by default the region's own." },
  aws_role_arn: { type: 'text', help: 'Role to take on.' },
  aws_external_id: { type: 'text', help: 'External id for the role.' },
  aws_profile: { type: 'text', help: 'Profile of the shared credentials files.' },
} as const satisfies OptionTable;

export type AwsAuthOptions = OptionsOf<typeof AWS_AUTH_OPTIONS>;

export interface SignedRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** @throws OptionError where something is missing. undefined where aws_auth is off. */
export function readAwsAuth(given: AwsAuthOptions, http: HttpClient, clock: Clock): AwsAuth | undefined {
  if (!given.aws_auth) return undefined;
  const { aws_service: service, aws_region: region } = given;
  if (service === undefined) throw new OptionError("aws_auth needs 'aws_service'", 'aws_service');
  if (region === undefined) throw new OptionError("aws_auth needs 'aws_region'", 'aws_region');
  return new AwsAuth({ given, service, region, http, clock });
}

interface Settings {
  readonly given: AwsAuthOptions;
  readonly service: string;
  readonly region: string;
  readonly http: HttpClient;
  readonly clock: Clock;
}

export class AwsAuth {
  readonly #settings: Settings;
  #credentials: Promise<() => Promise<AwsKeys>> | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
  }

  /** The headers of the request and those that sign it. @throws where there are no credentials; worth another try. */
  async sign({ method, path, headers, body }: SignedRequest): Promise<string[]> {
    const { service, region, http, clock } = this.#settings;
    this.#credentials ??= credentialsOf(this.#settings);
    const keys = await (await this.#credentials)();
    const head: Record<string, string> = { host: http.hostHeader, 'x-amz-content-sha256': sha256Hex(body) };
    const rest: string[] = [];
    for (let at = 0; at + 1 < headers.length; at += 2) {
      const [name = '', value = ''] = headers.slice(at, at + 2);
      const lower = name.toLowerCase();
      const isSigned = lower === 'host' || lower === 'content-type' || lower.startsWith('x-amz-');
      if (isSigned) head[lower] = value;
      else if (lower !== 'authorization') rest.push(name, value);
    }
    const signed = signAws({ method, path, headers: head, body }, keys, { region, service, now: clock.now() });
    return [...rest, ...Object.entries(signed).flat()];
  }
}

/** The SDK is loaded here: a pipeline that signs nothing does without it. Its client keeps what a provider gives. */
async function credentialsOf({ given, region, http, clock }: Settings): Promise<() => Promise<AwsKeys>> {
  const { CloudWatchLogsClient } = await import('@aws-sdk/client-cloudwatch-logs');
  const { aws_profile: profile, aws_role_arn: roleArn } = given;
  const { credentials } = new CloudWatchLogsClient({ region, ...(profile === undefined ? {} : { profile }) }).config;
  if (roleArn === undefined) return () => credentials();
  const role = { roleArn, externalId: given.aws_external_id, region, stsEndpoint: given.aws_sts_endpoint };
  const assumed = async () => assumeRole(role, await credentials(), http, clock);
  return new CloudWatchLogsClient({ region, credentials: assumed }).config.credentials;
}
