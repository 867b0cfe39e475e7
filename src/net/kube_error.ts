/**
 * What can go wrong at a Kubernetes API server: an answer other than success, as an error that knows its status, and
 * the words in which errors of every kind are told to a user.
 */
import type { Status } from './kube_types.ts';

/** The server answered, and not with success. */
export class KubeError extends Error {
  readonly status: number;
  /** One word of the server: NotFound, Expired, Forbidden. Empty where it gave none. */
  readonly reason: string;
  /** What the server asks to wait (Retry-After). */
  readonly afterMs: number | undefined;

  constructor(status: number, message: string, reason = '', afterMs?: number) {
    super(message);
    this.name = 'KubeError';
    this.status = status;
    this.reason = reason;
    this.afterMs = afterMs;
  }
}

/** @param text the beginning of the answer: a Status in JSON, or what a proxy says. */
export function errorOf(status: number, text: string, retryAfter: string | string[] | undefined): KubeError {
  let answer: Status | undefined;
  try {
    answer = JSON.parse(text) as Status;
  } catch {
    // A proxy's page, or a kubelet's plain line.
  }
  const isStatus = typeof answer === 'object' && answer !== null && typeof answer.message === 'string';
  const message = isStatus ? (answer?.message ?? '') : (text.trim().split('\n')[0]?.slice(0, 300) ?? '');
  const seconds = Number(retryAfter ?? answer?.details?.retryAfterSeconds ?? Number.NaN);
  return new KubeError(
    status,
    message || `HTTP status ${status}`,
    isStatus ? (answer?.reason ?? '') : '',
    Number.isFinite(seconds) && seconds >= 0 ? seconds * 1000 : undefined,
  );
}

/** The list or the place in it is too old to go on from; it must be listed anew. */
export function isExpired(error: unknown): boolean {
  return error instanceof KubeError && (error.status === 410 || error.reason === 'Expired' || error.reason === 'Gone');
}

/** We may not, or there is no such thing: the answer will be the same until somebody changes a Role or the server. */
export function isRefused(error: unknown): boolean {
  return error instanceof KubeError && [401, 403, 404, 405].includes(error.status);
}

const TLS_HINTS: Readonly<Record<string, string>> = {
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody we trust; name the right CA file',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody we trust; name the right CA file',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is signed by itself; name it as the CA file',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by nobody we trust; name the right CA file',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** One clause for a log line, with what to do where that is clear. `what` completes "may not ...". */
export function explain(error: unknown, what: string): string {
  if (error instanceof KubeError) {
    if (error.status === 401) return `the API server does not know our credentials (401): ${error.message}`;
    if (error.status === 403)
      return `the API server does not allow us to ${what} (403): ${error.message}; give its service account a Role with that`;
    if (error.status === 404) return `the API server has no such thing (404): ${error.message}`;
    return `the API server answered ${error.status}: ${error.message}`;
  }
  const { message, code, cause } = error as NodeJS.ErrnoException & { cause?: NodeJS.ErrnoException };
  const hint = TLS_HINTS[code ?? ''] ?? TLS_HINTS[cause?.code ?? ''];
  return hint === undefined
    ? message || String(code ?? error)
    : `the API server cannot be trusted: ${hint} (${message})`;
}
