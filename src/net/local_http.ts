/**
 * Short requests to services of this machine, such as the instance metadata of AWS or the agent of ECS: plain HTTP over
 * a connection of its own, never through a proxy, with a deadline for the whole exchange.
 */
import http from 'node:http';

export interface LocalRequest {
  readonly method: 'GET' | 'PUT';
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

export interface LocalAnswer {
  readonly status: number;
  readonly text: string;
}

/** Longer answers are refused. */
const MAX_BYTES = 16 * 1024 * 1024;

/** @throws where there is no whole answer in time. */
export function askLocal(request: LocalRequest): Promise<LocalAnswer> {
  const { method, host, port, path, headers = {}, timeoutMs, signal } = request;
  const deadline = AbortSignal.timeout(timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: Error) => reject(deadline.aborted ? new Error(`no answer within ${timeoutMs} ms`) : error);
    const sent = http.request(
      {
        method,
        host,
        port,
        path,
        headers: { ...headers, ...(method === 'PUT' ? { 'content-length': 0 } : {}) },
        agent: false,
        signal: signal ? AbortSignal.any([deadline, signal]) : deadline,
      },
      (answer) => {
        const pieces: Buffer[] = [];
        let bytes = 0;
        answer.on('data', (piece: Buffer) => {
          bytes += piece.length;
          if (bytes > MAX_BYTES) answer.destroy(new Error(`an answer of more than ${MAX_BYTES} bytes`));
          else pieces.push(piece);
        });
        answer.on('error', fail);
        answer.on('end', () =>
          resolve({ status: answer.statusCode ?? 0, text: Buffer.concat(pieces).toString('utf8') }),
        );
      },
    );
    sent.on('error', fail);
    sent.end();
  });
}
