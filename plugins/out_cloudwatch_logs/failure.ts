/**
 * What an error of the SDK means for the events that were to be sent:
 *
 *     missing     the group or the stream is not there: make it, then go on
 *     refused     these events will never be taken (InvalidParameterException)
 *     target      this group or stream cannot be written to at the moment (AccessDenied): others may go on
 *     throttled   too fast: fewer requests at once, and a retry
 *     unreachable no answer, 5xx, no credentials: nothing else will go through either, so a retry of all that is left
 */
import { NoAnswer } from './handler.ts';

export type FailureKind = 'missing' | 'refused' | 'target' | 'throttled' | 'unreachable';

export type Action = 'PutLogEvents' | 'CreateLogStream' | 'CreateLogGroup' | 'PutRetentionPolicy';

export class Failure extends Error {
  readonly kind: FailureKind;
  /** `ThrottlingException`. */
  readonly code: string;
  readonly action: Action;

  constructor(kind: FailureKind, code: string, action: Action, message: string) {
    super(message);
    this.kind = kind;
    this.code = code;
    this.action = action;
  }
}

const KINDS: Readonly<Record<string, FailureKind>> = {
  ResourceNotFoundException: 'missing',
  InvalidParameterException: 'refused',
  ValidationException: 'refused',
  SerializationException: 'refused',
  AccessDeniedException: 'target',
  LimitExceededException: 'target',
  OperationAbortedException: 'target',
  ThrottlingException: 'throttled',
  Throttling: 'throttled',
  TooManyRequestsException: 'throttled',
  RequestLimitExceeded: 'throttled',
};

interface ServiceError {
  readonly name: string;
  readonly message: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

export function failureOf(error: unknown, action: Action): Failure {
  if (error instanceof Failure) return error;
  const { name, message, $metadata } = error as ServiceError;
  if (error instanceof NoAnswer) return new Failure('unreachable', 'NoAnswer', action, `${action}: ${message}`);
  const status = $metadata?.httpStatusCode;
  if (status === undefined) return new Failure('unreachable', name, action, `${action}: ${message}`);
  const kind = KINDS[name] ?? (status === 429 ? 'throttled' : 'unreachable');
  const code = /Exception|Error|Throttling|Exceeded/.test(name) ? name : 'error';
  return new Failure(kind, code, action, `${action}: HTTP status ${status}, ${code}: ${firstLine(message)}`);
}

/** The SDK adds hints for programmers to some messages. */
function firstLine(message: string): string {
  return (message.split('\n')[0] ?? '').slice(0, 300);
}

/** What an operator can do about it, for the log; undefined where the message says all. */
export function adviceOn(failure: Failure): string | undefined {
  switch (failure.code) {
    case 'AccessDeniedException':
      return `the role or user needs the IAM permission logs:${failure.action}`;
    case 'CredentialsProviderError':
      return 'no AWS credentials were found (environment, profile, web identity, Pod Identity, ECS, instance metadata)';
    case 'UnrecognizedClientException':
    case 'InvalidSignatureException':
    case 'ExpiredTokenException':
    case 'InvalidClientTokenId':
      return 'the AWS credentials are wrong or too old';
    default:
      return undefined;
  }
}
