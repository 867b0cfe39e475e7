/**
 * Credentials of a role that is taken on (role_arn): STS AssumeRole with the credentials that the SDK finds. The SDK
 * asks again before they end.
 *
 * Source: docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
 */

import type { Clock } from '../plugin.ts';
import { type AwsKeys, signAws } from './aws_sign.ts';
import type { HttpClient } from './http_client.ts';

export interface RoleSettings {
  readonly roleArn: string;
  readonly externalId: string | undefined;
  readonly region: string;
  /** With or without https:// in front; undefined: the region's own. */
  readonly stsEndpoint: string | undefined;
}

export interface RoleKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string;
  readonly expiration: Date;
}

/** Where the region's STS is. */
function stsOrigin({ region, stsEndpoint }: RoleSettings): string {
  const china = region.startsWith('cn-') ? '.cn' : '';
  const given = stsEndpoint ?? `sts.${region}.amazonaws.com${china}`;
  return new URL(/^https?:\/\//.test(given) ? given : `https://${given}`).origin;
}

/** @throws an Error named CredentialsProviderError that says what STS answered. */
export async function assumeRole(
  settings: RoleSettings,
  own: AwsKeys,
  client: HttpClient,
  clock: Clock,
): Promise<RoleKeys> {
  const origin = stsOrigin(settings);
  const form = new URLSearchParams({
    Action: 'AssumeRole',
    Version: '2011-06-15',
    RoleArn: settings.roleArn,
    RoleSessionName: `sluice-${Math.floor(clock.random() * 1e9)}`,
    ...(settings.externalId === undefined ? {} : { ExternalId: settings.externalId }),
  });
  const body = form.toString();
  const head = { host: new URL(origin).host, 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const scope = { region: settings.region, service: 'sts', now: clock.now() };
  const headers = signAws({ method: 'POST', path: '/', headers: head, body }, own, scope);
  const { status, text } = await client.request({
    method: 'POST',
    origin,
    path: '/',
    headers: Object.entries(headers).flat(),
    body,
  });
  const field = (name: string) => new RegExp(`<${name}>([^<]*)</${name}>`).exec(text)?.[1] ?? '';
  if (status !== 200) throw refusal(settings, `HTTP status ${status}, ${field('Code')}: ${field('Message')}`);
  const expiration = new Date(field('Expiration'));
  if (field('AccessKeyId') === '' || Number.isNaN(expiration.getTime()))
    throw refusal(settings, 'the answer holds no credentials');
  return {
    accessKeyId: field('AccessKeyId'),
    secretAccessKey: field('SecretAccessKey'),
    sessionToken: field('SessionToken'),
    expiration,
  };
}

function refusal({ roleArn }: RoleSettings, message: string): Error {
  const error = new Error(`the role ${roleArn} cannot be taken on: ${message}`);
  error.name = 'CredentialsProviderError';
  return error;
}
